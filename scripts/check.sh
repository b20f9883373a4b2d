#!/usr/bin/env bash
# All rules that check themselves. Runs every check, prints what failed, exits 1 when anything did.
set -uo pipefail
cd "$(dirname "$0")/.."

failures=0
begin() { printf '%s\n' "-- $1"; }
fail() {
    printf '   FAILED: %s\n' "$1" >&2
    failures=$((failures + 1))
}

begin "format (make format mends it)"
swift format lint --strict --parallel --recursive Sources Tests examples Package.swift || fail "swift format lint"

begin "debug build, where an import that Package.swift does not declare is an error"
swift build --build-tests --explicit-target-dependency-import-check error || fail "build with import check"

begin "generated protobuf code is current (make proto mends it)"
if [ -x scripts/generate-protobuf ]; then
    scripts/generate-protobuf --check || fail "generate-protobuf --check"
fi

begin "shell and Python syntax"
while read -r file; do
    case "$(head -n 1 "$file")" in
        '#!'*bash | '#!'*/sh) bash -n "$file" || fail "$file" ;;
        '#!'*python3) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || fail "$file" ;;
        *) fail "$file does not begin with a bash, sh or python3 line" ;;
    esac
    [ -x "$file" ] || fail "$file is not executable"
done < <(find scripts .ci -type f | sort)

begin "the sidecar stays small: no Foundation, none of the collector's modules, no library beyond its own"
if swift build -c release --static-swift-stdlib --product hms-sidecar; then
    sidecar=.build/release/hms-sidecar
    libraries=$(ldd "$sidecar" | sed -E 's/^[[:space:]]*([^ ]+).*/\1/; s#.*/##')
    allowed='^(linux-vdso|ld-linux-[a-z0-9-]+|libc|libm|libstdc\+\+|libgcc_s|libnghttp2|libssl|libcrypto|libzstd|libz|libdl|libpthread)\.so'
    foreign=$(grep -vE "$allowed" <<<"$libraries")
    [ -z "$foreign" ] || fail "hms-sidecar links $(tr '\n' ' ' <<<"$foreign")"
    # A Swift symbol names its module after its length: $s12SegmentStore...
    if command -v nm >/dev/null 2>&1; then
        for module in Foundation FoundationEssentials SegmentStore StoreBackup OTLPFiles Tee Querying Console Collector SpanColumns TraceAssembly TraceComparison CallGraph QueryLanguage TraceSearch JaegerAPI ForeignTraces Summaries SpanTokens OpsCommands; do
            symbols=$(nm "$sidecar" 2>/dev/null | grep -cE " \\\$s${#module}${module}[0-9A-Z]")
            [ "$symbols" -eq 0 ] || fail "hms-sidecar holds $symbols symbols of module $module"
        done
    fi
else
    fail "release build of hms-sidecar"
fi

begin "tidiness"
while read -r lines file; do
    [ "$file" = total ] || [ "$lines" -le 600 ] || fail "$file has $lines lines; split it (600 is the most)"
done < <(find Sources -name CHMSProto -prune -o -type f \( -name '*.swift' -o -name '*.c' -o -name '*.js' \) -print0 |
    xargs -0 wc -l)
grep -rnE 'fatalError\(\)' Sources examples && fail "fatalError() says nothing; use precondition with a sentence"
grep -rnE '\b(TODO|FIXME|XXX)\b' Sources examples Tests scripts --include='*.swift' --include='*.c' --include='*.h' \
    --include='*.js' && fail "unfinished marks; finish it or open an issue"
grep -rnE '^ *(@testable |private |internal |package |public )*import Foundation' Sources examples Tests && fail "Foundation is not used here"

if [ "$failures" -gt 0 ]; then
    printf '%s checks failed\n' "$failures" >&2
    exit 1
fi
echo "All checks passed"
