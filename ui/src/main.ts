import './app.css';
import './lib/theme.svelte';
import { mount } from 'svelte';
import Gate from './routes/signin/Gate.svelte';

const target = document.getElementById('app');
if (target) mount(Gate, { target });
