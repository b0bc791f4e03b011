#!/usr/bin/env bash
# Runs the Dockerfile's steps without an engine: docker/rehearse.sh [PYTHON]
# It uses an empty environment, only the files that the image would get, the same commands, and then the program
# as a user without rights, on a root file system that cannot be written (both where root may arrange them).
set -euo pipefail
cd "$(dirname "$0")/.."
# The program runs as a user without rights, who cannot reach a Python in another user's home.
PYTHON=${1:-python3}
if [ $# -eq 0 ] && [ "$(id -u)" -eq 0 ] && [ -x /usr/bin/python3 ]; then PYTHON=/usr/bin/python3; fi
work=$(mktemp -d /tmp/wirewatch-rehearsal.XXXXXX)
daemon=
cleanup() {
    if [ -n "$daemon" ]; then kill -TERM "$daemon" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
say() { printf '== %s\n' "$*"; }

# A path of the image is the same path under $work; a user without rights may read $work.
chmod 755 "$work"
inside() { sed -E "s#(^|[ =\"])(/src|/opt/wirewatch|/data)#\\1$work\\2#g"; }
mkdir -p "$work/src" "$work/opt" "$work/data" "$work/tmp" "$work/bin"
ln -s "$(command -v "$PYTHON")" "$work/bin/python"

instructions() { # one instruction a line
    sed -e '/^#/d' docker/Dockerfile | sed -e ':a' -e '/\\$/N; s/\\\n//; ta' | sed -E 's/[[:space:]]+/ /g; /^ ?$/d'
}

stage=0
environment=()
while read -r verb rest; do
    case $verb in
    FROM)
        stage=$((stage + 1))
        environment=()
        ;;
    ENV) for pair in $(inside <<<"$rest"); do environment+=("$pair"); done ;;
    COPY)
        if [ "$stage" -eq 1 ]; then
            say "COPY $rest"
            target=${rest##* }
            for from in ${rest% *}; do
                mkdir -p "$work/src/$(dirname "$target/x")"
                # Only files of a folder that git tracks: other files of a checkout do not belong in an image.
                if [ "$target" = ./ ]; then
                    cp "$from" "$work/src/$from"
                elif [ -f "$from" ]; then
                    rmdir "$work/src/$target" && cp "$from" "$work/src/$target"
                else
                    git ls-files -z -- "$from" | tar --null -cf - -T - | tar -xf - -C "$work/src"
                fi
            done
        fi
        ;;
    RUN)
        if [ "$stage" -eq 1 ]; then
            say "RUN $rest"
            (cd "$work/src" && env -i HOME="$work/tmp" PATH="$work/bin:/usr/bin:/bin" "${environment[@]}" \
                PIP_QUIET=1 ${PIP_CERT:+PIP_CERT="$PIP_CERT"} sh -ec "$(inside <<<"$rest")")
        fi
        ;;
    USER) user=${rest%%:*} ;;
    esac
done < <(instructions)

# From here on as the image's user, with the second stage's environment; only /tmp and /data are writable.
run=(env -i "${environment[@]}" TMPDIR="$work/tmp" XDG_CACHE_HOME="$work/tmp/cache" WIREWATCH_WEB__PORT=0
    PATH="$work/opt/wirewatch/bin:/usr/bin:/bin")
if [ "$(id -u)" -ne 0 ]; then
    say "not rehearsed: another user, a read-only root (both need root)"
elif ! setpriv --reuid "$user" --regid "$user" --clear-groups "$work/opt/wirewatch/bin/python" -c '' 2>/dev/null; then
    say "not rehearsed: another user, a read-only root (others may not run $(command -v "$PYTHON"); try /usr/bin/python3)"
else
    chown -R "$user:$user" "$work/data" "$work/tmp"
    run=(setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs "${run[@]}")
    if unshare --mount sh -c 'mount -o remount,bind,ro /' 2>/dev/null; then
        # shellcheck disable=SC2016 # the arguments are those of the inner shell
        run=(unshare --mount sh -ec 'for one in data tmp; do mount --bind "$0/$one" "$0/$one"; done
            mount -o remount,bind,ro /
            exec "$@"' "$work" "${run[@]}")
    else
        say "not rehearsed: a read-only root (no mount namespaces here)"
    fi
fi

say "wirewatch --version"
(cd "$work/data" && "${run[@]}" wirewatch --version)
say "wirewatch check, with the example's configuration"
mkdir -p "$work/etc"
sed "s#/data/#$work/data/#" docker/wirewatch.toml >"$work/etc/wirewatch.toml"
(cd "$work/data" && "${run[@]}" wirewatch --config "$work/etc/wirewatch.toml" check)

port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
say "wirewatch run, healthcheck, SIGTERM"
cat >"$work/etc/rehearsal.toml" <<END
catalog = false
[web]
port = $port
END
(cd "$work/data" && exec "${run[@]}" WIREWATCH_WEB__PORT="$port" wirewatch --config "$work/etc/rehearsal.toml" run) 2>"$work/daemon.log" &
daemon=$!
healthy=
for _ in $(seq 100); do
    if (cd "$work/data" && "${run[@]}" WIREWATCH_WEB__PORT="$port" wirewatch --config "$work/etc/rehearsal.toml" healthcheck) >/dev/null 2>&1; then
        healthy=yes
        break
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.2
done
if [ -z "$healthy" ]; then
    tail -20 "$work/daemon.log"
    say "failed: the daemon is not healthy"
    exit 1
fi
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
daemon=
if [ "$status" -ne 0 ]; then
    tail -20 "$work/daemon.log"
    say "failed: the daemon ended with $status"
    exit 1
fi
say "rehearsed: $(du -sh "$work/opt/wirewatch" | cut -f1) in /opt/wirewatch, user $user"
