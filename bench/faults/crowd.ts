/** Clients that come together, stay for a while and leave: idle ones, or ones that ask for much and do not read it. */
import * as net from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { message, MOST_BODY_BYTES } from "../../src/adapters/soak/exchange.ts"

export interface CrowdOrder {
  readonly count: number
  readonly stayMs: number
  /** They ask for a long answer, and do not read it. */
  readonly asks: boolean
}

/** How many of them were closed while they stayed. */
export async function crowd(port: number, { count, stayMs, asks }: CrowdOrder): Promise<number> {
  let lost = 0
  const clients = Array.from({ length: count }, (_, client) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => {
      if (asks) socket.write(message({ client, bodyBytes: 16, third: MOST_BODY_BYTES, fourth: 0 }))
    })
    if (asks) socket.pause()
    return socket.on("error", () => {}).on("close", () => lost++)
  })
  await pause(stayMs)
  const closed = lost
  for (const socket of clients) socket.removeAllListeners("close").destroy()
  return closed
}
