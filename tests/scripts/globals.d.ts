// What the type check of the pages' scripts may take for granted. An event of a page comes from an element, and what a
// selector finds is the element that the page has: without this each line would need a cast that says no more.
interface EventTarget {
  blur: any;
  closest: any;
  content: any;
  dataset: any;
  elements: any;
  focus: any;
  getBoundingClientRect: any;
  hasAttribute: any;
  isConnected: any;
  matches: any;
  parentNode: any;
  querySelector: any;
  reset: any;
  select: any;
  submit: any;
  value: any;
}

interface Element {
  checked: any;
  click: any;
  close: any;
  content: any;
  dataset: any;
  dateTime: any;
  disabled: any;
  elements: any;
  focus: any;
  hidden: any;
  open: any;
  select: any;
  showModal: any;
  tabIndex: any;
  textContent: any;
  title: any;
  type: any;
  value: any;
}

interface Event {
  clipboardData: any;
  data: any;
  dataTransfer: any;
  detail: any;
}

interface Window {
  htmx: any;
  SwaggerUIBundle: any;
}

interface DataTransferItem {
  getAsFileSystemHandle: any;
}

interface FileSystemHandle {
  getFile: any;
  queryPermission: any;
  requestPermission: any;
  values: any;
}
