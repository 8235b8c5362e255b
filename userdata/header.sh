#!/bin/bash
# User data of a portal node: records the node's settings, fetches the bundle of bootstrap scripts, runs it and signals
# its exit status to CloudFormation. CloudFormation fills in values down to the line NODE_ENV and nowhere below it: the
# rest uses shell variables written without braces, which Fn::Sub ignores.
set -euo pipefail
umask 022
ROOT=$(printenv HPC_PORTAL_ROOT || true) # blank on a node; a folder in tests
mkdir -p "$ROOT/etc/hpc-portal" "$ROOT/var/log" "$ROOT/opt"
(umask 077 && cat > "$ROOT/etc/hpc-portal/node.env") << 'NODE_ENV'
STACK_ID='${AWS::StackId}'
LOGICAL_ID='${LogicalId}'
REGION='${AWS::Region}'
URL_SUFFIX='${AWS::URLSuffix}'
ZONE_NUMBER='${ZoneNumber}'
ZONES='${Zones}'
FLAVOR='${PortalFlavor}'
DOWNLOADS_SECRET_ARN='${DownloadsSecretArn}'
INSTALLER_SHA256='${PortalInstallerSha256}'
JDBC_SHA256='${JdbcDriverSha256}'
LICENSE_SECRET_ARN='${LicenseSecretArn}'
ADMIN_SECRET_ARN='${AdminSecretArn}'
MUNGE_SECRET_ARN='${MungeSecretArn}'
DIRECTORY_DOMAIN='${DirectoryDomainName}'
DIRECTORY_SERVERS='${DirectoryDomainAddr}'
DIRECTORY_USER='${DirectoryDomainReadOnlyUser}'
DIRECTORY_SECRET_ARN='${DirectoryPasswordSecretArn}'
DIRECTORY_CA_SECRET_ARN='${DirectoryCaCertSecretArn}'
DIRECTORY_FILTER='${DirectoryLdapAccessFilter}'
DIRECTORY_SCHEMA='${DirectoryLdapSchema}'
DATABASE_ENDPOINT='${DatabaseEndpoint}'
DATABASE_PORT='${DatabasePort}'
DATABASE_MASTER_USERNAME='${DatabaseMasterUsername}'
DATABASE_SECRET_ARN='${DatabaseSecretArn}'
PORTAL_DATABASE_SECRET_ARN='${PortalDatabaseSecretArn}'
FILE_SYSTEM_ID='${FileSystemId}'
LUSTRE='${Lustre}'
PEERS='${Peers}'
PORTAL_URL='${PortalUrl}'
LOG_GROUP='${LogGroup}'
PARALLELCLUSTER_VERSION='${ParallelClusterVersion}'
BUNDLE_BUCKET='${LocalAssetsBucket}'
BUNDLE_KEY='${PortalBundle}'
BUNDLE_SHA256='${PortalBundleSha256}'
NODE_ENV
# shellcheck source=/dev/null
. "$ROOT/etc/hpc-portal/node.env"
export AWS_DEFAULT_REGION="$REGION"
log="$ROOT/var/log/hpc-portal-bootstrap.log"
(umask 027 && touch "$log")
exec > >(tee -a "$log") 2>&1 # cloud-init passes it on to the console
INSTANCE_ID="$HOSTNAME"

# attempt COMMAND...: until it succeeds, five times at most, with growing pauses.
attempt() {
  local n
  for n in 1 2 3 4 5; do
    "$@" && return 0
    echo "attempt $n of 5 failed: $1 $2"
    sleep $((n * 5))
  done
  return 1
}

# finish: signals the exit status, and ends with the same.
finish() {
  local status=$? word=SUCCESS
  trap - EXIT
  [ "$status" = 0 ] || word=FAILURE
  echo "==> bootstrap ended with status $status, signaling $word"
  attempt signal "$word" || echo "CloudFormation did not accept the signal; the node continues."
  exit "$status"
}

# signal WORD: fails if another attempt is worth it.
signal() {
  local answer
  answer=$(timeout 120 aws cloudformation signal-resource --stack-name "$STACK_ID" --logical-resource-id "$LOGICAL_ID" \
    --unique-id "$INSTANCE_ID" --status "$1" 2>&1) && return 0
  echo "$answer"
  case "$answer" in
    # For example of a node that replaces another: a refusal says nothing about the bootstrap.
    *ValidationError*) echo "No stack operation waits for this node." ;;
    *) return 1 ;;
  esac
}
trap finish EXIT

# fail SENTENCE
fail() {
  echo "ERROR: $1"
  exit 1
}

imds=http://169.254.169.254/latest
if ! token=$(curl -sSf --retry 9 --retry-connrefused -m 10 -X PUT \
  -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $imds/api/token) ||
  ! INSTANCE_ID=$(curl -sSf --retry 9 -m 10 -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/instance-id); then
  INSTANCE_ID="$HOSTNAME"
  fail "The instance metadata service does not answer: enable IMDSv2 on this instance, then start it again."
fi
command -v aws || attempt timeout 300 dnf -y -q install awscli-2 ||
  fail "The image has no AWS CLI, and none could be installed: add awscli-2 to the image of PortalAmiId."

folder="$ROOT/opt/hpc-portal-$(cut -c 1-12 <<< "$BUNDLE_SHA256")"
if [ ! -d "$folder" ]; then
  rm -rf "$folder.new"
  mkdir "$folder.new"
  attempt timeout 120 aws s3 cp --only-show-errors "s3://$BUNDLE_BUCKET/$BUNDLE_KEY" "$folder.tar" ||
    fail "The bundle s3://$BUNDLE_BUCKET/$BUNDLE_KEY could not be fetched: check that this node reaches S3."
  sha256sum --check --status <<< "$BUNDLE_SHA256  $folder.tar" ||
    fail "The bundle s3://$BUNDLE_BUCKET/$BUNDLE_KEY has the wrong SHA-256: publish it and update again."
  tar -xf "$folder.tar" -C "$folder.new" --no-same-owner
  mv -T "$folder.new" "$folder"
  rm "$folder.tar"
fi
ln -sfn "$folder" "$ROOT/opt/hpc-portal"
timeout --kill-after=30 3000 "$ROOT/opt/hpc-portal/bootstrap.sh"
