#!/bin/bash
# Adds the users of a directory (Active Directory or LDAP), by sssd, with the uids that they have on the clusters: the
# domain below equals the one that ParallelCluster makes there of DirectoryService in templates/cluster.yaml. Without a
# directory, all of this is removed again. An unreachable directory is logged as a warning and the bootstrap continues:
# efadmin is a local account.
. "$(dirname "$0")/../lib.sh"

conf=$ROOT/etc/sssd/sssd.conf
mark='# Made by the bootstrap of the portal node: changes made here are lost.'
ca=$SHARED/directory-ca.pem # the clusters trust this file too
packages=(sssd sssd-ldap authselect oddjob-mkhomedir)
backup=hpc-portal # authselect's name for the state before

if [[ -z $DIRECTORY_DOMAIN ]]; then
  grep -qsxF "$mark" "$conf" || exit 0
  within 60 systemctl disable -q --now sssd.service oddjobd.service
  within 60 authselect backup-restore "$backup" ||
    fail "The sign-in as it was before the directory could not be restored (authselect): replace this node."
  rm -rf "$conf" "$ROOT"/var/lib/sss/db/*.ldb # last, so that an interrupted run is repeated
  echo "users from a directory are no longer known here"
  exit 0
fi

# The secret is one line of text, as ParallelCluster requires; it goes into sssd.conf, which root alone may read.
password=$(secret_text "$DIRECTORY_SECRET_ARN" "the directory's read-only user")
[[ -n $password && $password != *[[:cntrl:]]* && $password != '{'* ]] ||
  fail "The secret of the directory's read-only user ($DIRECTORY_SECRET_ARN) must be the password alone, on one line."

certified=''
if [[ -n $DIRECTORY_CA_SECRET_ARN ]]; then
  certificates=$(secret_text "$DIRECTORY_CA_SECRET_ARN" "the directory's CA certificates")
  [[ $certificates == *-----BEGIN\ CERTIFICATE-----*-----END\ CERTIFICATE-----* ]] ||
    fail "The secret of the directory's CA certificates ($DIRECTORY_CA_SECRET_ARN) holds none: store them in PEM."
  [[ $certificates != *PRIVATE\ KEY* ]] ||
    fail "The secret of the directory's CA certificates ($DIRECTORY_CA_SECRET_ARN) holds a private key: remove it," \
      "since the certificates become public."
  put_file "$ca" 0644 <<< "$certificates"
  certified="ldap_tls_cacert = ${ca#"$ROOT"}"
fi

within 60 rpm -q --quiet "${packages[@]}" || install_package "${packages[@]}" ||
  fail "The image lacks one of ${packages[*]}, and they could not be installed: users from a directory need them."

# ParallelCluster's rules: a search base from a domain's name, and ids from SIDs or from POSIX attributes.
base=$DIRECTORY_DOMAIN
[[ $base == *=* ]] || base=DC=${base//./,DC=}
mapped=False
[[ $DIRECTORY_SCHEMA != AD ]] || mapped=True
# A user who may not sign in on the clusters is not even known here: it does not matter whether the portal asks PAM for
# more than the password.
filtered=''
[[ -z $DIRECTORY_FILTER ]] || filtered="access_provider = ldap
ldap_access_filter = $DIRECTORY_FILTER
ldap_user_search_base = $base?subtree?$DIRECTORY_FILTER"

put_file "$conf" 0600 << CONF
$mark
[sssd]
config_file_version = 2
services = nss, pam
domains = default
full_name_format = %1\$s

[nss]
filter_users = nobody,root
filter_groups = nobody,root

[pam]
offline_credentials_expiration = 7

[domain/default]
id_provider = ldap
ldap_schema = ${DIRECTORY_SCHEMA%%-*}
ldap_id_mapping = $mapped
ldap_uri = $DIRECTORY_SERVERS
ldap_search_base = $base
ldap_default_bind_dn = $DIRECTORY_USER
ldap_default_authtok = $password
ldap_tls_reqcert = hard
ldap_id_use_start_tls = True
ldap_referrals = False
cache_credentials = True
default_shell = /bin/bash
fallback_homedir = /home/%u
use_fully_qualified_names = False
filter_users = root,nobody,ec2-user,munge,slurm,efadmin,efnobody
offline_timeout = 10
offline_timeout_max = 0
offline_timeout_random_offset = 10
$certified
$filtered
CONF

# NSS and PAM (system-auth among it, which the portal asks) look at sssd after the local accounts; a home directory is
# made on this node at the first session.
if [[ $(within 60 authselect current --raw 2> /dev/null) != "sssd with-mkhomedir" ]]; then
  keep=(--backup "$backup")
  [[ $(within 60 authselect backup-list --raw) != *"$backup"* ]] || keep=(--nobackup)
  within 60 authselect select sssd with-mkhomedir --force "${keep[@]}" ||
    fail "The sign-in could not be switched to the directory: authselect's reason is above."
fi
within 60 systemctl enable -q --now oddjobd.service
within 60 systemctl enable -q sssd.service
action=start
if ! taken sssd "$conf" || ! taken sssd "$ca"; then action=restart; fi
attempt 3 5 within 60 systemctl "$action" sssd.service ||
  fail "sssd does not start with the directory's configuration: see journalctl -u sssd and /var/log/sssd."
[[ $action == start ]] || take sssd

printf '%s' "$password" |
  within 60 python3 "$BUNDLE/directory-check.py" "$DIRECTORY_SERVERS" "$DIRECTORY_USER" "${certified:+$ca}" ||
  echo "WARNING: No user of the directory can sign in on this node until one of its servers does; efadmin can." >&2
