// A path whose last part has no dot is a route of the web app, not a file of it.
function handler(event) {
    var request = event.request;
    if (!request.uri.split('/').pop().includes('.')) {
        request.uri = '/index.html';
    }
    return request;
}
