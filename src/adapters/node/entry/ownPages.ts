/** What a proxy port answers to a request for its own address: the file for browsers, and nothing else. */
import type { IncomingMessage } from "node:http"
import type { Address } from "../../../core/model/Config.ts"
import type { Connection } from "./Connection.ts"
import { hostOf, PAC_PATH, PAC_TYPE, pacFile } from "./pacFile.ts"

export interface Page {
  readonly type: string
  readonly text: string
}

/** undefined: there is no such page. No name and no password is asked for: browsers show none when they fetch this file. */
export function ownPage({ socket, entry }: Connection, { method, url = "", headers }: IncomingMessage): Page | undefined {
  if ((method !== "GET" && method !== "HEAD") || url.split("?", 1)[0] !== PAC_PATH) return undefined
  const { localAddress = "", localPort = 0 } = socket
  return { type: PAC_TYPE, text: pacFile(hostOf(headers.host, HTTP_PORT) ?? own(localAddress, localPort), entry) }
}

const HTTP_PORT = 80

/** A socket for both families shows an IPv4 address inside an IPv6 one. */
function own(host: string, port: number): Address {
  return { host: host.replace(/^::ffff:/i, ""), port }
}
