import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fingerprint } from '../../lib/ids.ts'
import { files } from '../../lib/stores/files.ts'

// What only a folder has: other processes, and whatever else lies in it.

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'files-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const module = pathToFileURL(resolve(import.meta.dirname, '../../lib/stores/files.ts')).href
const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' })
const namesOf = async (prefix = '') => (await Array.fromAsync(files(root).list(prefix))).map(({ name }) => name)

/** Runs `code`, which has `store`, in a process of its own. */
function run(code: string) {
  const script = `const { files } = await import(${JSON.stringify(module)}); const store = files(${JSON.stringify(root)}); ${code}`
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('several processes that count together lose nothing', async () => {
  const store = files(root)
  await store.put('count', Buffer.from('0'))
  const children = [1, 2, 3].map(() =>
    run(`for (let done = 0; done < 20; ) {
      const read = await store.get('count')
      if (await store.replace('count', Buffer.from(String(Number(read.bytes) + 1)), read.version)) done++
    }`),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0])
  expect((await store.get('count'))?.bytes.toString()).toBe('60')
})

test('a process that is killed while it writes leaves whole objects only, and no lock', async () => {
  const child = run(`const bytes = Buffer.alloc(200_000, 'x')
    await store.put('log/checkpoint', bytes)
    process.stdout.write('ready')
    for (;;) {
      await Promise.all([1, 2, 3].map((n) => store.put('events/' + n, bytes)))
      const { version } = await store.get('log/checkpoint')
      await store.replace('log/checkpoint', Buffer.from(String(Math.random()).padEnd(200_000, 'x')), version)
    }`)
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = files(root)
  for await (const { name, size } of store.list('')) expect([name, size]).toEqual([name, 200_000])
  const { version } = (await store.get('log/checkpoint')) ?? { version: '' }
  expect(await store.replace('log/checkpoint', Buffer.from('1'), version)).toBe(true)
})

test('what was left unfinished is no object, and is removed when it is old', async () => {
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
  for (const name of ['old', 'new']) writeFileSync(join(root, '.tmp', name), 'half of it')
  utimesSync(join(root, '.tmp', 'old'), old, old)
  await files(root).put('a', Buffer.from('1'))
  expect(await namesOf()).toEqual(['a'])
  expect(readdirSync(join(root, '.tmp'))).toEqual(['new'])
})

test('links and files of other names are not followed and not listed', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'))
  writeFileSync(join(outside, 'secret'), 'x')
  symlinkSync(outside, join(root, 'folder'))
  symlinkSync(join(outside, 'secret'), join(root, 'file'))
  writeFileSync(join(root, 'not one of ours'), 'x')
  writeFileSync(join(root, 'one'), 'x')
  expect(await namesOf()).toEqual(['one'])
  const store = files(root)
  expect(await store.get('file')).toBeUndefined()
  expect(await store.replace('file', Buffer.from('y'), fingerprint('x'))).toBe(false)
  expect(await store.create('file', Buffer.from('y'))).toBe(false)
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('x')
  // What has to be an object replaces the link, not what it leads to.
  await store.put('file', Buffer.from('z'))
  expect([(await store.get('file'))?.bytes.toString(), readFileSync(join(outside, 'secret'), 'utf8')]).toEqual([
    'z',
    'x',
  ])
  rmSync(outside, { recursive: true })
})

test('what is no file is no object, and nobody waits for it', async () => {
  const store = files(root)
  mkdirSync(join(root, 'folder'))
  symlinkSync('itself', join(root, 'itself'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  for (const name of ['folder', 'itself', 'pipe']) {
    expect([name, await store.get(name)]).toEqual([name, undefined])
    expect([name, await store.replace(name, Buffer.from('y'), 'v')]).toEqual([name, false])
  }
  expect(await namesOf()).toEqual([])
})

test('a folder that was removed meanwhile is made again', async () => {
  const store = files(join(root, 'deep', 'er'))
  await store.put('a/b', Buffer.from('1'))
  rmSync(join(root, 'deep'), { recursive: true })
  await store.put('a/b', Buffer.from('2'))
  expect((await store.get('a/b'))?.bytes.toString()).toBe('2')
})

test('what the machine says against it is UNAVAILABLE, and says where', async () => {
  writeFileSync(join(root, 'log'), 'a file where a folder has to be')
  const store = files(root)
  await expect(store.put('log/checkpoint', Buffer.from('1'))).rejects.toEqual(unavailable)
  await expect(store.create('log/checkpoint', Buffer.from('1'))).rejects.toThrow(`log/checkpoint in ${root}`)
  await expect(store.replace('log/checkpoint', Buffer.from('1'), 'v')).rejects.toEqual(unavailable)
  if (process.getuid?.() === 0) return
  mkdirSync(join(root, 'closed'))
  chmodSync(join(root, 'closed'), 0)
  await expect(store.get('closed/a')).rejects.toEqual(unavailable)
  await expect(namesOf('closed/')).rejects.toEqual(unavailable)
  await expect(store.remove('closed/a')).rejects.toEqual(unavailable)
})
