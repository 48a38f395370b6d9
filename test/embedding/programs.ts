/** Scenes of the blocks about promises and the Effect layer. */
import { assert } from "@effect/vitest"
import { named, serve } from "../support/servers.ts"
import type { Scene, Scenes } from "./Scene.ts"
import { pair } from "./Scene.ts"

const prints = (pattern: RegExp): Scene => ({ prepare: pair, printed: (output) => assert.match(output, pattern) })

/** One address, and no server there. */
const dead: Scene = {
  prepare: async () => {
    const { port, stop } = await serve(() => {})
    await stop()
    return { replace: { "192.0.2.10:7": `127.0.0.1:${port}` } }
  },
  printed: (output) => assert.strictEqual(output, "dead#1 refused")
}

export const programs: Scenes = {
  "Promises": [prints(/^(first|second)\n$/)],
  "Which address served": [prints(/^echo#[12] user-static (null|[\d.]+) (active|unranked) (true|false)$/)],
  "A connection that was of no use": [prints(/^second\n$/)],
  "Dialling yourself": [prints(/^true$/)],
  "Facts, status, reload": [prints(/^IpPoolPreheatStarted echo\n[^]*SelectionMoved echo\nactive\n\[\]$/)],
  "Effect": [prints(/^(first|second)\n$/)],
  "Parts of your own": [
    {
      prepare: async ({ use }) => {
        const { port } = await use(named("found\n"))
        return { replace: { "192.0.2.10": "127.0.0.1", '"svc.internal", 7': `"svc.internal", ${port}` } }
      },
      printed: (output) => assert.strictEqual(output, "found\n")
    },
    prints(/^true$/)
  ],
  "Errors": [dead]
}
