/** HAProxy and nginx as plain TCP forwarders to one address, where they are installed. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"

export interface Rival {
  readonly name: string
  /** The command that runs it in the foreground, listening on `port` of loopback and forwarding to `target`. */
  readonly command: (scratch: string, port: number, target: string) => ReadonlyArray<string>
}

const haproxy: Rival = {
  name: "haproxy",
  command(scratch, port, target) {
    const file = path.join(scratch, "haproxy.cfg")
    const text = `defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen web
  bind 127.0.0.1:${port}
  server best ${target}
`
    fs.writeFileSync(file, text)
    return ["haproxy", "-db", "-f", file]
  }
}

const NGINX_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"

const nginx: Rival = {
  name: "nginx",
  command(scratch, port, target) {
    const file = path.join(scratch, "nginx.conf")
    const module = fs.existsSync(NGINX_MODULE) ? `load_module ${NGINX_MODULE};\n` : ""
    const text = `${module}daemon off;
worker_processes 1;
pid ${scratch}/nginx.pid;
error_log ${scratch}/nginx.log;
events { worker_connections 1024; }
stream { server { listen 127.0.0.1:${port}; proxy_pass ${target}; } }
`
    fs.writeFileSync(file, text)
    return ["nginx", "-p", scratch, "-c", file]
  }
}

/** Those that are here. With REQUIRE_RIVALS=1 a missing one is a failure instead of a line. */
export function rivals(): ReadonlyArray<Rival> {
  return [haproxy, nginx].filter(({ name }) => {
    const found = spawnSync("which", [name]).status === 0
    if (!found && process.env["REQUIRE_RIVALS"] === "1") throw new Error(`${name} is not installed (Debian package ${name})`)
    if (!found) console.error(`${name} is not installed: no figure for it (Debian package ${name})`)
    return found
  })
}
