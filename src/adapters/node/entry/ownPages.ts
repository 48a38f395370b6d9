/** What a proxy port answers to a request for its own address. */
import type { IncomingMessage } from "node:http"
import type { Connection } from "./Connection.ts"

export interface Page {
  readonly type: string
  readonly text: string
}

/** undefined: there is no such page. */
export function ownPage(_connection: Connection, _request: IncomingMessage): Page | undefined {
  return undefined
}
