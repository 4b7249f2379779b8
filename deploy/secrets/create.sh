#!/bin/sh
# usage: deploy/secrets/create.sh [directory]
#
# Makes every secret of docker-compose.yml that is not there yet, a file each, in the directory (default: this one).
# What is there is left as it is. Those that other parties give out are made empty: put theirs in.
# The files are readable by all, because each container reads them as a user of its own; the directory is yours only.
set -eu
directory=${1:-$(dirname "$0")}
mkdir -p "$directory"
chmod 700 "$directory"
cd "$directory"
umask 022

missing() { [ ! -e "$1" ]; }
random() { openssl rand -hex "$1"; }
# By a rename, so that half a secret is never taken for one.
put() { cat > "$1.next" && mv "$1.next" "$1" && echo "made $1"; }

if missing jwt_secret; then
  random 32 | put jwt_secret
  echo "  the legacy backend has to sign with the same: replace jwt_secret unless it is the stand-in"
fi
missing mongodb_root_password && random 32 | put mongodb_root_password
missing mongodb_password && random 32 | put mongodb_password
missing mongodb_key && random 256 | put mongodb_key
missing mongodb_uri &&
  echo "mongodb://scribe:$(cat mongodb_password)@mongo:27017/scribe?replicaSet=rs0&authSource=admin" | put mongodb_uri
missing grafana_password && random 16 | put grafana_password
for name in openai_api_key nhs_client_secret; do
  missing "$name" && : | put "$name"
done
if missing tls_certificate || missing tls_certificate_key; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout tls_certificate_key -out tls_certificate 2>/dev/null
  chmod 644 tls_certificate_key
  echo "made tls_certificate and tls_certificate_key: self-signed, for localhost; replace both"
fi
