// Of mongosh. Makes the replica set the first time; succeeds when this server is its primary.
const NOT_YET_INITIALIZED = 94
const password = require('node:fs').readFileSync('/run/secrets/mongodb_root_password', 'utf8').trim()
const admin = connect('mongodb://127.0.0.1:27017/admin?directConnection=true')
admin.auth('root', password)
try {
  admin.runCommand({ replSetGetStatus: 1 })
} catch (error) {
  if (error.code !== NOT_YET_INITIALIZED) throw error
  admin.runCommand({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: 'mongo:27017' }] } })
}
quit(admin.runCommand({ hello: 1 }).isWritablePrimary ? 0 : 1)
