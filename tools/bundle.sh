# `tools/dev bundle`: what runs on a machine with nothing but glibc, the driver and CUDA's
# libraries. Sourced, never run.
# shellcheck shell=bash

# What every Linux has, and what comes with the driver or with CUDA.
not_bundled='^(ld-linux.*|linux-vdso|lib(c|m|rt|dl|pthread|resolv|util|anl)|libcuda|libnv.*'
not_bundled+='|libcu(blas|dnn|dart|pti|sparse|solver|fft|rand).*)\.so'

# bundled_libraries PROGRAM...: "NAME PATH" of every library that they need and a bare machine
# lacks.
bundled_libraries() {
  local name arrow path
  ldd "$@" | sed -n 's/^\t//p' | sort -u | while read -r name arrow path _; do
    if [[ "$name" =~ $not_bundled || "$arrow" != '=>' ]]; then continue; fi
    if [[ "$path" == not ]]; then
      say "bundle: $name is needed and is nowhere to be found"
      return 1
    fi
    echo "$name $path"
  done
}

size_of() { du -sh "$1" | cut -f 1; }

# fill_bundle FOLDER
fill_bundle() {
  local folder="$1" name path
  local programs=("$top/build/upcycle" "$top/build/tests/cuda_device_test"
    "$top/build/tests/cuda_device_training_test")
  mkdir -p "$folder/bin" "$folder/lib"
  cp "${programs[@]}" "$top/tools/gpu_check" "$top/tools/gpu_rival.py" "$folder/bin/"
  cp -r "$top/recipes" "$folder/"
  bundled_libraries "${programs[@]}" >"$folder/libraries.txt"
  while read -r name path; do
    cp --dereference "$path" "$folder/lib/$name"
  done <"$folder/libraries.txt"
  chmod -R u+w "$folder"
  strip "$folder/bin/upcycle" "$folder"/bin/cuda_device_*
  strip --strip-unneeded "$folder"/lib/*
}

# make_bare_root FOLDER: a root with what is not bundled, and nothing else.
make_bare_root() {
  local root="$1" name arrow path
  mkdir -p "$root/proc" "$root/dev" "$root/tmp"
  ldd "$top/build/upcycle" | while read -r name arrow path _; do
    if [[ "$name" == /* ]]; then path="$name" name="$(basename "$name")"; fi
    if ! [[ "$name" =~ $not_bundled && "$path" == /* ]]; then continue; fi
    mkdir -p "$root/$(dirname "$path")"
    cp --link --dereference "$path" "$root/$path" 2>/dev/null ||
      cp --dereference "$path" "$root/$path"
  done
}

# in_bare_root ROOT COMMAND...: without this machine's libraries, environment and folders. The
# mounts end with the command.
in_bare_root() {
  local root="$1"
  shift
  # shellcheck disable=SC2016
  unshare --map-root-user --mount --pid --fork bash -c '
    mount -t proc proc "$0/proc" && touch "$0/dev/null" "$0/dev/urandom" &&
      mount --bind /dev/null "$0/dev/null" && mount --bind /dev/urandom "$0/dev/urandom" &&
      cd "$0" && exec env -i PATH=/bundle/bin HOME=/tmp "$(command -v chroot)" . "$@"' "$root" "$@"
}

# try_bundle ARCHIVE: unpacks it elsewhere and trains there.
try_bundle() {
  local archive="$1" place
  place="$(mktemp -d)"
  # shellcheck disable=SC2064
  trap "rm -rf '$place'" EXIT
  mkdir "$place/empty"
  tar -C "$place/empty" -xzf "$archive"
  say "bundle: unpacked in an empty folder, without environment"
  (cd "$place/empty/bundle" && env -i bin/upcycle doctor --root /tmp/nowhere) >&2 || return 1
  if ! unshare --map-root-user --mount --pid --fork true 2>/dev/null; then
    say "bundle: this machine allows no mount namespaces; not tried without its libraries"
    return 0
  fi
  make_bare_root "$place/bare"
  mv "$place/empty/bundle" "$place/bare/bundle"
  say "bundle: in a root without what it packs"
  in_bare_root "$place/bare" /bundle/bin/upcycle doctor --root /tmp/nowhere >&2 || return 1
  in_bare_root "$place/bare" /bundle/bin/upcycle run /bundle/recipes/quickstart.yaml \
    --root /tmp/x --set seeds=2 --set train.tokens=32768 --set parent.train.tokens=32768 \
    --set match.tolerance=50% \
    >"$place/run.log" 2>&1 || { cat "$place/run.log" >&2 && return 1; }
  say "bundle: a short quickstart trained there"
  in_bare_root "$place/bare" /bundle/bin/upcycle compare quickstart --root /tmp/x >&2
}

# Packs build/ into FOLDER and FOLDER.tar.gz, and tries them.
bundle() {
  local folder="${1:-$top/build/bundle}"
  if [[ -e "$folder" && ! -e "$folder/libraries.txt" ]]; then
    say "bundle: $folder is there and is no bundle; choose another folder"
    return 2
  fi
  build_all upcycle cuda_device_test cuda_device_training_test
  rm -rf "$folder"
  fill_bundle "$folder"
  tar -C "$folder" --transform 's,^\.,bundle,' --owner=0 --group=0 -czf "$folder.tar.gz" .
  try_bundle "$folder.tar.gz" || { say "bundle: it does not run" && return 1; }
  say "bundle: $folder, $(size_of "$folder"), and $folder.tar.gz, $(size_of "$folder.tar.gz")"
}
