import type { RoutingConfig } from '../gateway/config/schema.ts'
import { listOf, type Settings } from './settings.ts'

/** Beyond the gateway's own limits, so that they are what a client meets. */
const MARGIN_S = 10
const LAST_RESORT = 'legacy-last-resort'
const KEEP_ALIVE = `    keepalive 128;
    # Below the 72 s for which a gateway keeps them, so that none closes under a request.
    keepalive_timeout 60s;`

/**
 * Nginx's configuration in front of the gateways.
 *
 * A request goes to a gateway. It goes on to the next one when the first cannot be reached, or dies on a request that
 * may be repeated (RFC 9110, section 9.2.2); never when a gateway has begun to work on one that may not. When none is left
 * it goes straight to legacy, which can serve everything until it is switched off: the last resort, marked in the answer
 * and in the log. What a gateway answered is never replaced, whatever its status.
 *
 * Legacy is the backup of the gateways' group rather than the answer to an error: an upload that is not buffered can go to
 * the next of a group, as long as nothing of it was sent, and cannot be sent anew. It is reached through a socket of nginx's own,
 * so that it may speak another protocol than the gateways, and gets other header fields.
 */
export function nginxConfig(config: RoutingConfig, settings: Settings): string {
  const servers = listOf(settings.GATEWAY_UPSTREAMS)
    .map(server => `    server ${server} max_fails=3 fail_timeout=1s;`)
    .join('\n')
  const idleS = Math.ceil(longestIdleMs(config) / 1000) + MARGIN_S
  return `# Made by "node nginx/render.ts" from routing.config.json and the environment. Do not edit.
daemon off;
worker_processes auto;
pid ${settings.RUN_DIRECTORY}/nginx.pid;
error_log stderr warn;

events {
  worker_connections 8192;
}

http {
  server_tokens off;
  default_type application/json;
  client_body_temp_path ${settings.RUN_DIRECTORY}/client_body;
  proxy_temp_path ${settings.RUN_DIRECTORY}/proxy;
  fastcgi_temp_path ${settings.RUN_DIRECTORY}/fastcgi;
  uwsgi_temp_path ${settings.RUN_DIRECTORY}/uwsgi;
  scgi_temp_path ${settings.RUN_DIRECTORY}/scgi;

${maps(config)}

  # Query strings hold tokens and names: the path alone is logged, and of it only what the gateway logs too, nothing.
  log_format access escape=json '{"time":"$time_iso8601","requestId":"$gateway_request_id","method":"$request_method",'
    '"status":$status,"seconds":$request_time,"upstream":"$upstream_addr","upstreamStatus":"$upstream_status",'
    '"servedBy":"$sent_http_x_served_by","lastResort":$is_last_resort}';
  access_log ${settings.ACCESS_LOG} access;
${lastResortLog(settings)}
  upstream gateways {
    zone gateways 128k;
    least_conn;
${servers}
    server unix:${settings.RUN_DIRECTORY}/last-resort.sock backup max_fails=0;
${KEEP_ALIVE}
  }

  upstream gateways_only {
    zone gateways_only 128k;
    least_conn;
${servers}
${KEEP_ALIVE}
  }

  upstream legacy {
    zone legacy 128k;
    server ${legacyServer(settings.LEGACY_URL)} max_fails=0;
    keepalive 32;
  }

  # As large as the gateways read: Node's limit on a request's header is 16 KiB.
  large_client_header_buffers 4 16k;
  client_header_timeout 60s;
  client_body_timeout 300s;
  # Uploads are as large as the backend that gets them allows, and are never kept here.
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_buffering off;
  proxy_http_version 1.1;
  proxy_connect_timeout 2s;
  proxy_send_timeout ${idleS}s;
  proxy_read_timeout ${idleS}s;
  proxy_next_upstream error timeout;
  # What a gateway or legacy answered stays as it is.
  proxy_intercept_errors off;
  keepalive_timeout 75s;
  http2_max_concurrent_streams 128;

  ssl_certificate ${settings.TLS_CERTIFICATE};
  ssl_certificate_key ${settings.TLS_CERTIFICATE_KEY};
  # Mozilla's intermediate configuration, version 5.7.
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
  ssl_prefer_server_ciphers off;
  ssl_session_timeout 1d;
  ssl_session_cache shared:tls:10m;
  ssl_session_tickets off;
${realIp(settings)}
  server {
    listen ${settings.LISTEN_ADDRESS}:${settings.HTTP_PORT};
    server_name ${settings.SERVER_NAME};
    location / {
      return 308 https://$host${settings.PUBLIC_HTTPS_PORT === 443 ? '' : `:${settings.PUBLIC_HTTPS_PORT}`}$request_uri;
    }
  }

  server {
    listen ${settings.LISTEN_ADDRESS}:${settings.HTTPS_PORT} ssl http2;
    server_name ${settings.SERVER_NAME};
    # What is forwarded is what nginx saw, never what a client claims.
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header Forwarded "";
    proxy_set_header X-Request-Id $gateway_request_id;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
${hsts(settings)}
    location / {
      proxy_pass http://$upstream_group;
    }
    error_page 502 = @lost;
    error_page 504 = @late;
    location @lost {
${failure(settings, 502, 'upstream_reset', 'Bad gateway: the connection was lost before the answer')}
    }
    location @late {
${failure(settings, 504, 'upstream_timeout', 'Gateway timeout: there was no answer in time')}
    }
  }

  server {
    listen unix:${settings.RUN_DIRECTORY}/last-resort.sock;
    access_log off;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header X-Gateway-Target "";
    proxy_set_header X-Gateway-Credential "";
    location / {
      proxy_pass ${new URL(settings.LEGACY_URL).protocol}//legacy;
${legacyTls(settings.LEGACY_URL)}      proxy_hide_header X-Served-By;
      add_header X-Served-By ${LAST_RESORT} always;
      add_header X-Request-Id $http_x_request_id always;
    }
    # The backend does not answer either.
    error_page 502 504 = @silent;
    location @silent {
      add_header X-Served-By ${LAST_RESORT} always;
      add_header X-Request-Id $http_x_request_id always;
      return 502 '{"msg":"Bad gateway: the backend cannot be reached","error":"upstream_unreachable"}';
    }
  }
}
`
}

/** What nginx itself answers, in the form of the surface that was asked (`sendFailure` of the gateway, `V1Error`). */
function failure(settings: Settings, status: 502 | 504, code: string, message: string): string {
  return `      add_header X-Request-Id $gateway_request_id always;
${hsts(settings)}      if ($unavailable) {
        return 503 $unavailable;
      }
      return ${status} '{"msg":"${message}","error":"${code}"}';`
}

/** Values that are worked out from others. */
function maps(config: RoutingConfig): string {
  return `  map $http_upgrade $connection_upgrade {
    default upgrade;
    "" "";
  }
  # As the gateways take one: letters, digits and a few signs.
  map $http_x_request_id $gateway_request_id {
    default $request_id;
    "~^[A-Za-z0-9._~-]{1,128}$" $http_x_request_id;
  }
  map $sent_http_x_served_by $is_last_resort {
    default 0;
    ${LAST_RESORT} 1;
  }
  map $uri $is_native_only {
    default 0;
${nativeOnlyPatterns(config)
  .map(pattern => `    "~*${pattern}" 1;`)
  .join('\n')}
  }
  # In the form of /api/v1 below it, else in that of the rest.
  map "$is_native_only $uri" $unavailable {
    default "";
    "~*^1 /api/v1(?:/|$)" '{"error":{"code":"unavailable","message":"The service is not available at the moment","details":[]}}';
    "~^1 " '{"msg":"The service is not available at the moment"}';
  }
  # Legacy never had them.
  map $is_native_only $upstream_group {
    default gateways;
    1 gateways_only;
  }`
}

/** Regular expressions of the paths that only native services have, as the routing table matches them. */
function nativeOnlyPatterns({ routes }: RoutingConfig): string[] {
  const paths = routes.filter(({ nativeOnly }) => nativeOnly === true).flatMap(({ paths: own }) => own)
  return [...new Set(paths.map(patternOf))]
}

function patternOf(path: string): string {
  const segments = path.split('/').map(segment => {
    if (segment === '*') return '.*'
    return segment.startsWith(':') ? '[^/]+' : quoted(segment)
  })
  return `^${segments.join('/')}/?$`
}

/** Nothing in it has a meaning to a regular expression, or ends the quotes that it stands in. */
function quoted(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return `\\x{${code.toString(16)}}`
  })
}

function longestIdleMs({ defaults, routes }: RoutingConfig): number {
  const all = [defaults, ...routes].map(({ timeouts }) => Math.max(timeouts?.idleMs ?? 0, timeouts?.responseMs ?? 0))
  return Math.max(...all)
}

function legacyServer(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

function legacyTls(url: string): string {
  const { hostname, protocol } = new URL(url)
  if (protocol !== 'https:') return ''
  return `      proxy_ssl_server_name on;
      proxy_ssl_name ${hostname};
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
      proxy_ssl_verify_depth 3;
`
}

function realIp({ REAL_IP_FROM: from }: Settings): string {
  const networks = listOf(from)
  if (networks.length === 0) return ''
  const lines = networks.map(network => `  set_real_ip_from ${network};`)
  return `${lines.join('\n')}\n  real_ip_header X-Forwarded-For;\n  real_ip_recursive on;\n`
}

/** Holds a line for each request of the last resort and nothing else, so that it can be counted and hardly grows. */
function lastResortLog({ LAST_RESORT_LOG: file }: Settings): string {
  return file === '' ? '' : `  access_log ${file} access if=$is_last_resort;\n`
}

function hsts({ HSTS_SECONDS: seconds }: Settings): string {
  return seconds === 0 ? '' : `      add_header Strict-Transport-Security "max-age=${seconds}" always;\n`
}
