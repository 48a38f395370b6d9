/** tinyproxy and squid as HTTP proxies, where they are installed. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Rival } from "./rivals.ts"

/** A rival of the proxy port: it goes where its clients say, to `port` alone. */
export type ProxyRival = Pick<Rival, "name"> & {
  readonly debianPackage: string
  readonly command: (scratch: string, listen: number, port: number) => ReadonlyArray<string>
}

const tinyproxy: ProxyRival = {
  name: "tinyproxy",
  debianPackage: "tinyproxy-bin",
  command(scratch, listen, port) {
    const file = path.join(scratch, "tinyproxy.conf")
    const lines = [
      `Port ${listen}`,
      "Listen 127.0.0.1",
      "Timeout 60",
      "MaxClients 100",
      "Allow 127.0.0.1",
      `ConnectPort ${port}`
    ]
    fs.writeFileSync(file, `${lines.join("\n")}\nLogLevel Critical\n`)
    return ["tinyproxy", "-d", "-c", file]
  }
}

const squid: ProxyRival = {
  name: "squid",
  debianPackage: "squid",
  command(scratch, listen, _port) {
    const file = path.join(scratch, "squid.conf")
    const lines = [
      `http_port 127.0.0.1:${listen}`,
      "http_access allow all",
      "cache deny all",
      "access_log none",
      "cache_log /dev/null",
      "pid_filename none",
      "netdb_filename none",
      "memory_cache_shared off",
      "visible_hostname squid.test",
      "dns_nameservers 127.0.0.1",
      // Squid does not run as root. The package makes this user.
      "cache_effective_user proxy",
      "shutdown_lifetime 0 seconds"
    ]
    fs.writeFileSync(file, `${lines.join("\n")}\n`)
    return ["squid", "-N", "-n", "fairleadbench", "-f", file]
  }
}

/** Those that are here. With REQUIRE_RIVALS=1 a missing one is a failure instead of a line. */
export function proxyRivals(): ReadonlyArray<ProxyRival> {
  return [tinyproxy, squid].filter(({ name, debianPackage }) => {
    const found = spawnSync("which", [name]).status === 0
    const why = `${name} is not installed (Debian package ${debianPackage})`
    if (!found && process.env["REQUIRE_RIVALS"] === "1") throw new Error(why)
    if (!found) console.error(`${why}: no figure for it`)
    return found
  })
}
