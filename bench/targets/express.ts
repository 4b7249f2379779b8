import { Agent } from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'

/** `http-proxy-middleware` on Express: everything to `UPSTREAM`, over connections that are kept. */
const app = express()
app.use(createProxyMiddleware({ target: String(process.env['UPSTREAM']), agent: new Agent({ keepAlive: true }) }))
app.listen(Number(process.env['PORT']), '127.0.0.1')
