import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 120_000,
    // A poll ends as soon as it sees what it waits for; only one that fails takes so long.
    expect: { poll: { timeout: 10_000 } },
    // Only with `--coverage`. Of this process: what runs in a child process does not count.
    coverage: {
      provider: 'v8',
      include: ['services/**/*.ts'],
      thresholds: { lines: 90, branches: 90 }
    }
  }
})
