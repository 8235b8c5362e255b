#!/bin/bash
# Sends logs and metrics to CloudWatch. An early step, so that the log of a bootstrap that fails later outlives the
# instance. A node without the agent still serves: that is a warning, not a failure.
. "$(dirname "$0")/../lib.sh"

control=$ROOT/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
config=$ROOT/opt/aws/amazon-cloudwatch-agent/etc/hpc-portal.json

if [[ ! -x $control ]] && ! install_package amazon-cloudwatch-agent; then
  echo "WARNING: The CloudWatch agent is missing and could not be installed: this node's logs stay on the node." >&2
  exit 0
fi

# collect FILE LOG [MORE]: an entry of the agent's configuration. Streams are named INSTANCE/LOG. The role may not
# create log groups, so that none reappears after a delete. A wildcard would give the newest file only, unless
# publish_multi_logs. EnginFrame names its log folder after the host.
collect() {
  printf '{"file_path": "%s", "log_group_name": "%s", "log_stream_name": "{instance_id}/%s", "timezone": "UTC"%s}' \
    "$1" "$LOG_GROUP" "$2" "${3:-}"
}
every=', "publish_multi_logs": true'
list=$(
  collect /var/log/hpc-portal-bootstrap.log bootstrap
  for log in clusters lustre watchdog; do printf ',\n' && collect "/var/log/hpc-portal-$log.log" "$log"; done
  for log in messages cloud-init.log munge/munged.log sssd/sssd_default.log; do
    printf ',\n' && collect "/var/log/$log" "$(basename "$log" .log)"
  done
  for host in $({ hostname && hostname -s; } | sort -u); do
    printf ',\n' && collect "${EF_TOP#"$ROOT"}/logs/$host/*.log" enginframe "$every"
    printf ',\n' && collect "${EF_TOP#"$ROOT"}/logs/$host/tomcat/*" tomcat "$every"
  done
)

# Dimensions that templates know: the node's logical id and the log group, which no two stacks share. (The Auto Scaling
# group's name would need ec2:DescribeTags on everything.) Disks: "/" alone; "*" would ask a dead zone's Lustre for its
# size and hang.
dimensions="{\"LogGroup\": \"$LOG_GROUP\", \"PortalNode\": \"$LOGICAL_ID\"}"
put_file "$config" 0644 << JSON
{
  "agent": {
    "metrics_collection_interval": 60,
    "omit_hostname": true,
    "region": "$REGION",
    "run_as_user": "root"
  },
  "metrics": {
    "namespace": "HpcPortal",
    "aggregation_dimensions": [["LogGroup", "PortalNode"]],
    "metrics_collected": {
      "mem": {"measurement": ["used_percent"], "append_dimensions": $dimensions},
      "disk": {
        "measurement": ["used_percent", "inodes_free"],
        "append_dimensions": $dimensions,
        "resources": ["/"],
        "drop_device": true,
        "ignore_file_system_types": ["nfs4", "lustre", "autofs", "tmpfs", "devtmpfs", "sysfs"]
      }
    }
  },
  "logs": {"logs_collected": {"files": {"collect_list": [
$list
  ]}}}
}
JSON
if ! taken agent "$config"; then
  if within 120 "$control" -a fetch-config -m ec2 -s -c "file:$config"; then
    take agent
  else
    echo "WARNING: The CloudWatch agent did not take its configuration: this node's logs stay on the node." >&2
  fi
fi
