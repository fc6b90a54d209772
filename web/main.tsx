import { render } from 'preact'
import { followList } from './counts.ts'
import { followEvent } from './detail.ts'
import { followView } from './list.ts'
import { App } from './parts/app.tsx'
import { followKeys } from './parts/shortcuts.ts'
import { begin } from './state.ts'

const place = document.getElementById('viewer')
if (place) render(<App />, place)
begin()
followView()
followList()
followEvent()
followKeys()
