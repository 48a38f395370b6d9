/** Reads `/events` of a service, again and again as it comes and goes. */
import { setTimeout as pause } from "node:timers/promises"
import type { PublicFact } from "../../src/shell/facts/PublicFact.ts"

const RETRY_MS = 100

/** Never ends. A service that has started anew begins with its first fact. */
export async function readFacts(url: string, take: (fact: PublicFact) => void): Promise<never> {
  while (true) {
    try {
      const { body, status } = await fetch(`${url}/events?after=0`)
      if (status === 200 && body !== null) await facts(body, take)
    } catch {
      // It is not there.
    }
    await pause(RETRY_MS)
  }
}

async function facts(body: ReadableStream<Uint8Array>, take: (fact: PublicFact) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of body) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split("\n")
    text = lines.pop() ?? ""
    for (const line of lines) if (line.startsWith("data:")) take(JSON.parse(line.slice(5)))
  }
}
