#!/bin/bash
# mail.sh PORT - peer to peer mail in bash, over socat
#
# Every connection is a process of its own and a folder: $BOX/<id> with the files
# who (address and port), pid, and the pipe out.

cd "$(dirname "$0")" || exit

own_ip() { hostname -I | cut -d' ' -f1; }

# ---- one connection: stdin and stdout are the socket, stderr is the screen --------

finish() {
  kill "$post" 2>/dev/null
  local quietly=
  [ -e "$BOX/$id/mine" ] && quietly=1
  rm -rf "${BOX:?}/$id"
  [ "$quietly" ] || echo "mail: $ip $port went away" >&2
  exit 0
}

talk() {
  ip=$2 port=$3
  if [ "$1" = called ]; then
    read -r port || exit
    ip=$SOCAT_PEERADDR
  else
    echo "$PORT"
  fi
  id=1
  until mkdir "$BOX/$id" 2>/dev/null; do id=$((id + 1)); done
  mkfifo "$BOX/$id/out"
  exec 8<>"$BOX/$id/out"
  cat <&8 &
  post=$!
  trap finish TERM
  echo $$ >"$BOX/$id/pid"
  echo "$ip $port" >"$BOX/$id/who"
  if [ "$1" = called ]; then
    echo "mail: $ip $port is number $id" >&2
  else
    echo "$id" >"$TOLD"
  fi
  while IFS= read -r line; do
    echo "mail: number $id: $line" >&2
  done
  finish
}

if [ "$1" = --talk ]; then
  shift
  talk "$@"
fi

# ---- the main program --------------------------------------------------------------

PORT=${1:?usage: mail.sh PORT}
BOX=$(mktemp -d)
export PORT BOX

leave() {
  for pid in "$BOX"/*/pid; do
    [ -e "$pid" ] && touch "${pid%pid}mine" && kill "$(cat "$pid")"
  done
  kill "$door" 2>/dev/null
  rm -rf "$BOX"
}

number() {
  if [[ $1 =~ ^[0-9]+$ && -d $BOX/$1 ]]; then return 0; fi
  echo "error: no number ${1:-at all}"
  return 1
}

connect() {
  local ip=$1 port=$2 told
  if ! [[ $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
    echo "error: port"
    return
  fi
  if [ "$port" = "$PORT" ] && [[ $ip = localhost || $ip = 127.* || $ip = "$(own_ip)" ]]; then
    echo "error: loop"
    return
  fi
  if grep -qsx "$ip $port" "$BOX"/*/who; then
    echo "error: twice"
    return
  fi
  told=$(mktemp "$BOX/told.XXXX")
  export TOLD=$told
  socat "TCP4:$ip:$port,connect-timeout=3" "EXEC:bash mail.sh --talk caller $ip $port" &
  while kill -0 $! 2>/dev/null && ! [ -s "$told" ]; do sleep 0.05; done
  if [ -s "$told" ]; then
    echo "ok: number $(cat "$told")"
  else
    echo "error: ${ip} does not answer"
  fi
  rm -f "$told"
}

socat "TCP4-LISTEN:$PORT,reuseaddr,fork" "EXEC:bash mail.sh --talk called" &
door=$!
trap leave EXIT
echo "mail.sh at port $PORT"
while IFS= read -r -p '$> ' line; do
  read -r verb arg rest <<<"$line"
  case $verb in
    '') ;;
    help)
      cat <<'TEXT'
help myip myport list exit
connect ADDRESS PORT
terminate NUMBER
send NUMBER TEXT
TEXT
      ;;
    myip) echo "ok: $(own_ip)" ;;
    myport) echo "ok: $PORT" ;;
    connect) connect "$arg" "$rest" ;;
    list)
      for who in "$BOX"/*/who; do
        [ -e "$who" ] && echo "$(basename "$(dirname "$who")"): $(cat "$who")"
      done
      echo "ok: that is all"
      ;;
    terminate)
      number "$arg" || continue
      touch "$BOX/$arg/mine"
      kill "$(cat "$BOX/$arg/pid")"
      while [ -e "$BOX/$arg/mine" ]; do sleep 0.05; done
      echo "ok: ended"
      ;;
    send)
      number "$arg" || continue
      if [ -z "$rest" ]; then
        echo "error: no text"
      else
        printf '%s\n' "$rest" >"$BOX/$arg/out"
        echo "ok: posted"
      fi
      ;;
    exit) break ;;
    *) echo "error: $verb: no such command" ;;
  esac
done
