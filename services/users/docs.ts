import type { RouteDoc, RouteDocs } from '../platform/openapi.ts'

const credentials = { email: 'ann@example.org', password: 'correct horse' }
const registration = { username: 'Ann', ...credentials, role: 'clinician' }
const user = {
  id: '65f0c0ffee65f0c0ffee65f0',
  username: 'Ann',
  email: 'ann@example.org',
  role: 'clinician',
  createdAt: '2026-01-02T03:04:05.678Z'
}
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJ1c2VySUQiOiI2NWYwIn0.c2lnbmF0dXJl'

const checkEmail: Omit<RouteDoc, 'operationId'> = {
  summary: 'Whether an email is free',
  public: true,
  answers: { 200: { description: 'Whether no account has it', example: { available: true } } }
}

export const userDocs: RouteDocs = {
  'GET /users/checkEmail': { operationId: 'legacyCheckEmail', ...checkEmail },
  'GET /users/users/checkEmail': {
    operationId: 'legacyCheckEmailOfFrontend',
    ...checkEmail,
    description: 'As `/users/checkEmail`: the path that the frontend asks for.'
  },
  'POST /users/register': {
    operationId: 'legacyRegister',
    summary: 'Make an account',
    public: true,
    body: registration,
    answers: {
      200: { description: 'There is an account now', example: { msg: 'User has been registered' } },
      401: 'The email has an account already'
    }
  },
  'POST /users/login': {
    operationId: 'legacyLogin',
    summary: 'Log in',
    description: 'Failures are limited for each account and address.',
    public: true,
    body: credentials,
    answers: {
      200: {
        description: 'A token for an hour; without `token`, there is no such account',
        example: { msg: 'login successful', token }
      },
      401: 'The password is wrong'
    }
  },
  'POST /users/logout': {
    operationId: 'legacyLogout',
    summary: 'Log out',
    description: 'The token is refused from now on.',
    answers: { 200: { description: 'Logged out', example: { msg: 'user logged out successfully' } } }
  },
  'GET /users/profile': {
    operationId: 'legacyProfile',
    summary: "The caller's account",
    answers: {
      200: {
        description: 'The account',
        example: {
          success: true,
          data: { name: user.username, email: user.email, role: user.role, createdAt: user.createdAt }
        }
      },
      404: 'The account is no more'
    }
  },

  'POST /api/v1/users': {
    operationId: 'createUser',
    summary: 'Make an account',
    description: 'Registrations are limited for each address.',
    body: registration,
    answers: { 201: { description: 'The account', example: { data: user } } }
  },
  'GET /api/v1/users/email-availability': {
    operationId: 'checkEmail',
    summary: 'Whether an email is free',
    answers: { 200: { description: 'Whether no account has it', example: { data: { available: true } } } }
  },
  'GET /api/v1/users/me': {
    operationId: 'getOwnUser',
    summary: "The caller's account",
    answers: { 200: { description: 'The account', example: { data: user } }, 404: 'The account is no more' }
  },
  'POST /api/v1/users/sessions': {
    operationId: 'createSession',
    summary: 'Log in',
    description: 'Failures are limited for each account and address.',
    body: credentials,
    answers: {
      201: { description: 'A token', example: { data: { token, expiresInSeconds: 3600 } } },
      401: '`wrong_credentials`: there is no such account, or the password is wrong'
    }
  },
  'DELETE /api/v1/users/sessions/current': {
    operationId: 'deleteCurrentSession',
    summary: 'Log out',
    description: 'The token is refused from now on.',
    answers: { 204: 'Logged out' }
  }
}
