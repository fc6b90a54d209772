import { render } from 'preact'

const place = document.getElementById('viewer')
if (place) render(<h1>Registry events</h1>, place)
