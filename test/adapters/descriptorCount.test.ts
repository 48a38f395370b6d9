/** How many descriptors are left while dials are under way. */
import { assert, describe, it } from "vitest"
import { once } from "node:events"
import * as net from "node:net"
import { descriptorLimit, hasDescriptors } from "../../src/adapters/node/descriptors.ts"
import { dial } from "../../src/adapters/node/dial.ts"
import { descriptors } from "../support/descriptors.ts"
import { until } from "../support/servers.ts"

const DIALS = 100
/** Other sockets of this process may open and close meanwhile. */
const SLACK = DIALS / 2
/** A count is repeated after a pause at the earliest. */
const afterAPause = () => new Promise((resolve) => setTimeout(resolve, 100))

const hasLimit = Number.isFinite(descriptorLimit())

describe.skipIf(!hasLimit)(
  hasLimit ? "the count of descriptors" : "the count of descriptors (skipped: no limit is told here)",
  () => {
    it("takes off dials that have no descriptor yet, and knows when they are closed", async () => {
      const server = net.createServer().listen(0, "127.0.0.1")
      await once(server, "listening")
      const { port } = server.address() as net.AddressInfo
      const count = descriptorLimit() - (descriptors() ?? 0) - SLACK
      assert.isTrue(hasDescriptors(count))
      await afterAPause()
      const open: Array<{ closeUnsafe: () => void }> = []
      for (let i = 0; i < DIALS; i++) {
        dial({ host: "127.0.0.1", port }, 0, (result) => void (typeof result === "string" || open.push(result)))
      }
      assert.isFalse(hasDescriptors(count))
      await until("all are connected", () => open.length === DIALS)
      await afterAPause()
      assert.isFalse(hasDescriptors(count))
      for (const socket of open) socket.closeUnsafe()
      server.close()
      await until("they are closed", () => hasDescriptors(count))
    })
  }
)
