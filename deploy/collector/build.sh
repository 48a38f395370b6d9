#!/bin/sh
# Builds the collector of builder.yaml with the OpenTelemetry Collector builder, and prints the path of the program.
# It builds once for each content of builder.yaml. It needs Go, and takes ten minutes or more on a small machine.
# With --where it only prints the path.
set -eu
builder_version=v0.148.0
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fairlead/collector
id=$(cksum < "$here/builder.yaml" | cut -d' ' -f1)
binary=$cache/$id/otelcol
if [ "${1:-}" = --where ] || [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi
if ! command -v go > /dev/null; then
  echo "building the collector needs Go (https://go.dev/dl): not found" >&2
  exit 1
fi
work=$cache/$id.building.$$
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"
GOBIN=$work go install "go.opentelemetry.io/collector/cmd/builder@$builder_version" >&2
./builder --config "$here/builder.yaml" --skip-get-modules --skip-compilation >&2
cd build
# `tidy` also fetches modules that only the tests of the parts need. Some of these are not available everywhere.
go mod tidy -e >&2
tags=$(sed -n 's/^  build_tags: //p' "$here/builder.yaml")
go build -trimpath -buildvcs=false -ldflags "-s -w" -tags "$tags" -o ../otelcol . >&2
mkdir -p "$cache/$id"
mv "$work/otelcol" "$binary"
echo "$binary"
