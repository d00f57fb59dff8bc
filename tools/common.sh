# What the scripts of this folder share. Sourced, never run.
# shellcheck shell=bash

top="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# A command that builds and tests run under, if any.
wrapper=()

# Progress goes to standard error: standard output belongs to what was asked for.
say() { printf '%s\n' "$*" >&2; }

# The comment at the head of the calling script, which is its help.
print_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

# Cores that this process may use; nproc by itself would answer for OpenMP.
core_count() { env --unset=OMP_NUM_THREADS --unset=OMP_THREAD_LIMIT nproc; }

# KiB of memory that a build may use: what is free here, or less where a container limits it.
available_memory() {
  local name free=0 kib group=/sys/fs/cgroup limit used
  while read -r name kib _; do
    if [[ "$name" == MemAvailable: ]]; then free="$kib"; fi
  done </proc/meminfo
  limit="$(cat "$group/memory.max" 2>/dev/null || echo max)"
  if [[ "$limit" =~ ^[0-9]+$ ]]; then
    used="$(cat "$group/memory.current")"
    kib=$(((limit - used) / 1024))
    if ((kib < free)); then free="$kib"; fi
  fi
  echo "$free"
}

# Compilers to run at once: one a core, and 1.5 GiB of memory for each.
build_jobs() {
  local cores by_memory
  cores="$(core_count)"
  by_memory=$(($(available_memory) / (1536 * 1024)))
  if ((by_memory < 1)); then by_memory=1; fi
  echo $((cores < by_memory ? cores : by_memory))
}

# configure FOLDER [CMAKE OPTION...]: an existing folder keeps its generator and what it was told.
configure() {
  local folder="$1"
  shift
  local log="$top/$folder/configure.log"
  mkdir -p "$top/$folder"
  if [[ ! -f "$top/$folder/CMakeCache.txt" ]]; then set -- -G Ninja "$@"; fi
  say "configuring $folder"
  if ! cmake -S "$top" -B "$top/$folder" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    say "could not configure $folder; if it was made by another copy of the tree, remove it"
    return 1
  fi
  sed -n 's/^-- upcycle: /  /p' "$log" >&2
}

# build FOLDER [TARGET...]: everything where no target is named.
build() {
  local folder="$1" jobs
  shift
  jobs="$(build_jobs)"
  say "building ${*:-everything} in $folder with $jobs jobs"
  if (($# > 0)); then set -- --target "$@"; fi
  "${wrapper[@]}" cmake --build "$top/$folder" --parallel "$jobs" "$@" >&2
}

# run_tests FOLDER [CTEST OPTION...]: shows what failed, and ends with ctest's summary and status.
run_tests() {
  local folder="$1"
  shift
  say "testing $folder"
  "${wrapper[@]}" ctest --test-dir "$top/$folder" --parallel "$(core_count)" --output-on-failure \
    --no-tests=error --timeout 600 "$@"
}
