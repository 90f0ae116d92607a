#!/bin/sh -e
# Makes of mail.mjs and the packages beside it one program in /mail: 3 MB that start in 0.2 s, in the
# place of 110 MB that take over a second.
cd /src
mkdir -p /mail/bin
node_modules/.bin/esbuild mail.mjs --bundle --platform=node --format=esm --splitting --minify \
    --outdir=/mail/bin --out-extension:.js=.mjs --log-level=warning \
    --alias:dompurify=./no-purifier.mjs --alias:jsdom=./no-purifier.mjs \
    --banner:js="import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"
# Where the bundled code looks for MailDev's pages.
cp -r node_modules/@maildev/ui/dist /mail/dist
# For nobody's eyes: its clients do not check it.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 7300 -subj /CN=mail \
    -addext subjectAltName=DNS:mail,DNS:localhost -keyout /mail/bin/key.pem -out /mail/bin/cert.pem 2>/dev/null
chmod 644 /mail/bin/key.pem
