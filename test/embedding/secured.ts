/** Scenes of the blocks about TLS in stages. */
import { assert } from "@effect/vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { good } from "../support/certificates.ts"
import { authorityFile, pinOf, stagedServer } from "../support/stagedServers.ts"
import type { Scenes } from "./Scene.ts"

export const secured: Scenes = {
  "TLS in stages": [{
    prepare: async ({ use }) => {
      const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-pins-"))
      await use(Promise.resolve({ stop: () => Promise.resolve(fs.rmSync(directory, { recursive: true })) }))
      const { port } = await use(stagedServer(() => good, "HTTP/1.1 200 OK\r\n\r\n"))
      return {
        replace: {
          'host: "api.example",': `host: "web.example", caFile: ${JSON.stringify(authorityFile(directory))},`,
          "port: 443": `port: ${port}`,
          "192.0.2.10": "127.0.0.1",
          "192.0.2.11": "127.0.0.2",
          "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=": pinOf(good)
        }
      }
    },
    printed: (output) => assert.match(output, /^cover true$/)
  }]
}
