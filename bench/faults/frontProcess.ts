/**
 * The near side of `bench:faults`: clients at a steady rate, a reader of facts, a collector, and calls to the admin port. Takes
 * a line of JSON for each order and prints one for each client, fact and answer (Front.ts).
 */
import process from "node:process"
import * as readline from "node:readline"
import { setTimeout as pause } from "node:timers/promises"
import { ask, overTcp } from "../../src/adapters/soak/client.ts"
import { Collector } from "./collector.ts"
import { crowd } from "./crowd.ts"
import { readFacts } from "./factReader.ts"
import type { Order, Told } from "./Front.ts"

const [clientPort, adminPort, collectorPort] = process.argv.slice(2).map(Number) as [number, number, number]
const admin = `http://127.0.0.1:${adminPort}`
const PATIENCE_MS = 9_000
const MOST_UP_BYTES = 16_384
const LEAST_DOWN_BYTES = 2_048
const MOST_DOWN_BYTES = 49_152
/** An admin port that does not answer counts as away. */
const PAGE_MS = 3_000

const tell = (told: Told) => console.log(JSON.stringify(told))
const nowMs = () => performance.timeOrigin + performance.now()

let perSecond = 0
let clients = 0
let open = 0
const collector = new Collector()
await collector.listen(collectorPort)

function arrive(): void {
  const arrivedMs = nowMs()
  const client = ++clients
  open++
  const upBytes = 1 + client * 7_919 % MOST_UP_BYTES
  const downBytes = LEAST_DOWN_BYTES + client * 6_007 % (MOST_DOWN_BYTES - LEAST_DOWN_BYTES)
  ask(
    overTcp(clientPort),
    { client, upBytes, downBytes, patienceMs: PATIENCE_MS },
    ({ outcome, by, firstByteMs, tookMs }) => {
      open--
      tell({ kind: "client", arrivedMs, endedMs: arrivedMs + tookMs, firstByteMs, outcome, by })
    }
  )
}

async function arrivals(): Promise<never> {
  for (let dueMs = nowMs();;) {
    if (perSecond === 0) {
      await pause(20)
      dueMs = nowMs()
      continue
    }
    dueMs += 1000 / perSecond
    await pause(Math.max(0, dueMs - nowMs()))
    arrive()
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case "rate":
      perSecond = order.perSecond
      return
    case "settled":
      while (open > 0) await pause(20)
      return
    case "crowd":
      return await crowd(clientPort, order)
    case "collector":
      collector.isHanging = order.isHanging
      return
    case "taken":
      return collector.taken
    case "page":
      return await fetch(`${admin}${order.path}`, { signal: AbortSignal.timeout(PAGE_MS) }).then(
        (answer) => answer.text(),
        () => null
      )
  }
}

void arrivals()
void readFacts(admin, (fact) => tell({ kind: "fact", atMs: nowMs(), fact }))
tell({ kind: "answer", id: 0, value: null })
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, order } = JSON.parse(line) as { readonly id: number; readonly order: Order }
  void obey(order).then((value) => tell({ kind: "answer", id, value: value ?? null }))
}
process.exit(0)
