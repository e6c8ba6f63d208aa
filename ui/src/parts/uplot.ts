// The chart library with its styles, in one piece that loads with the first chart.
import 'uplot/dist/uPlot.min.css';

export { default } from 'uplot';
