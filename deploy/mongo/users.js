// Of mongosh, run once by the image's entry point on an empty volume: the one user of the gateways and of legacy.
const password = require('node:fs').readFileSync('/run/secrets/mongodb_password', 'utf8').trim()
db.getSiblingDB('admin').createUser({
  user: 'scribe',
  pwd: password,
  roles: [
    { role: 'readWrite', db: 'scribe' },
    { role: 'readWrite', db: 'scribe_gateway' }
  ]
})
