import * as path from "node:path"
import { configDefaults, defineConfig } from "vitest/config"
import { ENTRIES, ROOT } from "./tools/build/entries.ts"
import { Order } from "./tools/testOrder.ts"

/** Tests without a process, a socket or a variable of their own: one worker runs many of these files, and loads the core once. */
const PURE = [
  ...["core", "record", "sim"].map((name) => `test/${name}/**/*.test.ts`),
  ...["fuzz", "laws", "model", "whole"].map((name) => `property-tests/${name}/**/*.test.ts`)
]

export default defineConfig({
  // The package's own name means its sources.
  resolve: {
    alias: ENTRIES.map(({ specifier, source }) => ({
      find: new RegExp(`^${specifier}$`),
      replacement: path.join(ROOT, source)
    }))
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Sockets and CPU are shared: two cores, two files at a time.
    maxWorkers: 2,
    sequence: { sequencer: Order },
    // It has to find the runner of this worker.
    server: { deps: { inline: ["@effect/vitest"] } },
    projects: [
      {
        extends: true,
        test: {
          name: "real",
          include: ["test/**/*.test.ts", "property-tests/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...PURE]
        }
      },
      { extends: true, test: { name: "pure", include: PURE, isolate: false } }
    ]
  }
})
