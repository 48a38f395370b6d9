import * as path from "node:path"
import { defineConfig } from "vitest/config"
import { ENTRIES, ROOT } from "./tools/build/entries.ts"

export default defineConfig({
  // The package's own name means its sources.
  resolve: {
    alias: ENTRIES.map(({ specifier, source }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: path.join(ROOT, source)
    }))
  },
  test: {
    include: ["test/**/*.test.ts", "property-tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Sockets and CPU are shared: two cores, two files at a time.
    maxWorkers: 2
  }
})
