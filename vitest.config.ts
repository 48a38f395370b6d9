import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "property-tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Sockets and CPU are shared: two cores, two files at a time.
    maxWorkers: 2
  }
})
