#!/usr/bin/env bash
# A Slurm of one node, this machine, by Debian's slurm-wlm and munge, for root on a machine without a Slurm of its own.
# All of it lies in FOLDER but a link to its configuration: Snakemake takes SLURM_CONF from the jobs' environment.
#   slurm.sh start FOLDER
#   slurm.sh stop FOLDER
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
verb=$1 folder=$2 linked=/etc/slurm/slurm.conf

start() {
  if [ -e $linked ] || [ -L $linked ]; then
    echo "$linked is there: another Slurm is set up here" >&2
    return 1
  fi
  mkdir -p "$folder"/{state,spool,log}
  chmod 700 "$folder"
  local me name port
  me=$(id -un) name=$(hostname -s) port=$((20000 + RANDOM % 20000))
  dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 status=none
  chmod 600 "$folder/munge.key"
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed"
  cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$name(127.0.0.1)
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CryptoType=crypto/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  ln -s "$folder/slurm.conf" $linked
  slurmctld
  slurmd -N "$name"
  for _ in $(seq 60); do
    if sinfo --noheader --format=%t 2>/dev/null | grep -qx idle; then return; fi
    sleep 0.5
  done
  echo "the node has not come up; see $folder/log" >&2
  return 1
}

stop() {
  if [ "$(readlink $linked)" = "$folder/slurm.conf" ]; then rm $linked; fi
  for daemon in slurmd slurmctld munged; do
    if [ -f "$folder/$daemon.pid" ]; then kill "$(cat "$folder/$daemon.pid")" 2>/dev/null || true; fi
  done
}

"$verb"
