import { compare, hash } from 'bcryptjs'
import { type Response, Router } from 'express'
import jwt from 'jsonwebtoken'
import { auth, bearerToken, type Caller } from './auth.ts'
import { BlackToken, User } from './models.ts'

const BCRYPT_COST = 8

interface Registration {
  username: string
  email: string
  password: string
  role: 'patient' | 'clinician'
}

interface Credentials {
  email: string
  password: string
}

export function users(secret: string): Router {
  const router = Router()

  router.get(['/users/checkEmail', '/checkEmail'], async (req, res) => {
    const user = await User.findOne({ email: req.query['email'] })
    res.json({ available: !user })
  })

  router.post<unknown, unknown, Registration>('/register', async (req, res) => {
    if (await User.findOne({ email: req.body.email })) {
      res.status(401).json({ msg: 'User already exists' })
      return
    }
    // Not awaited: when the model refuses a role, nobody catches it, and the process ends.
    void save(req.body, res)
  })

  router.post<unknown, unknown, Credentials>('/login', async (req, res) => {
    const { email, password } = req.body
    const user = await User.findOne({ email })
    if (!user) {
      res.json({ msg: 'user doesnt exist' })
      return
    }
    // A wrong password is never answered.
    if (!(await compare(password, user.password))) return
    const token = jwt.sign({ userID: user.id, author: user.username }, secret, { expiresIn: '1h' })
    res.json({ msg: 'login successful', token })
  })

  router.post('/logout', async (req, res) => {
    const token = bearerToken(req.headers.authorization)
    // Without a token there is never an answer.
    if (!token) return
    await new BlackToken({ blackToken: token }).save()
    res.json({ msg: 'user logged out successfully' })
  })

  router.get<unknown, unknown, unknown, unknown, Caller>('/profile', auth(secret), async (_req, res) => {
    const user = await User.findById(res.locals.userID)
    if (!user) {
      res.status(404).json({ message: 'User not found' })
      return
    }
    const { username, email, role, createdAt } = user
    res.json({ success: true, data: { name: username, email, role, createdAt } })
  })

  return router
}

async function save({ username, email, password, role }: Registration, res: Response): Promise<void> {
  await new User({ username, email, password: await hash(password, BCRYPT_COST), role }).save()
  res.json({ msg: 'User has been registered' })
}
