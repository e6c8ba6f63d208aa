import './app.css';
import './lib/theme.svelte';
import { mount } from 'svelte';
import { fetchPage } from './lib/ahead';
import { place } from './lib/state.svelte';
import { routes } from './routes';
import Gate from './routes/signin/Gate.svelte';

fetchPage(routes, place.path); // while the server is asked who the reader is

const target = document.getElementById('app');
if (target) mount(Gate, { target });
