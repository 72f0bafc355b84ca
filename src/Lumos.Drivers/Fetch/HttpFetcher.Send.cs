using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Drivers.Fetch;

// The other direction: small texts and large files to a server.
public sealed partial class HttpFetcher
{
    private const int MostFaultBytes = 64 << 10;

    /// <summary>A call with a small body, or none; the answer's body.</summary>
    /// <exception cref="FetchException">Not reachable, or refused: with the server's own code and sentence, where it gave them as JSON.</exception>
    public byte[] Send(HttpMethod method, string url, byte[]? json, int maxBytes) => Guard(url, watch =>
    {
        using var request = new HttpRequestMessage(method, Parse(url));
        if (json is not null)
        {
            request.Content = new ByteArrayContent(json);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        return Answer(url, request, maxBytes, watch);
    });

    /// <summary>Sends a file by PUT; the answer's body. The server is asked first whether it takes it.</summary>
    /// <param name="progress">Called with the bytes sent so far; may throw, which ends the upload.</param>
    /// <inheritdoc cref="Send"/>
    public byte[] Upload(string url, string path, int maxBytes, Action<long>? progress = null) => Guard(url, watch =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using var request = new HttpRequestMessage(HttpMethod.Put, Parse(url));
        request.Headers.ExpectContinue = true;
        request.Content = new FileContent(file, sent =>
        {
            watch.CancelAfter(_options.Timeout);
            progress?.Invoke(sent);
        });
        return Answer(url, request, maxBytes, watch);
    });

    private byte[] Answer(string url, HttpRequestMessage request, int maxBytes, CancellationTokenSource watch)
    {
        Authorize(request);
        using var response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
        using var body = response.Content.ReadAsStream(watch.Token);
        using var memory = new MemoryStream();
        if (!response.IsSuccessStatusCode)
        {
            Copy(url, body, memory, MostFaultBytes, null, watch);
            throw Refusal(url, response, memory.ToArray());
        }
        Copy(url, body, memory, maxBytes, null, watch);
        return memory.ToArray();
    }

    /// <summary>What a server says in the form {"code": …, "message": …} is better than the number of its answer.</summary>
    private static FetchException Refusal(string url, HttpResponseMessage response, byte[] body)
    {
        try
        {
            if (JsonNode.Parse(body) is JsonObject o && o["code"] is JsonValue c && c.TryGetValue(out string? code)
                && o["message"] is JsonValue m && m.TryGetValue(out string? message))
            {
                string plain = string.Concat(message.Select(x => char.IsControl(x) ? ' ' : x));
                return new FetchException(url, $"the server refused: {plain} ({code})", (int)response.StatusCode) { ServerCode = code };
            }
        }
        catch (JsonException)
        {
            // Then it is some other server's page.
        }
        return Refused(url, response);
    }

    private sealed class FileContent : HttpContent
    {
        private readonly FileStream _file;
        private readonly Action<long> _sent;

        public FileContent(FileStream file, Action<long> sent)
        {
            (_file, _sent) = (file, sent);
            Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _file.Length;
            return true;
        }

        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            SerializeToStreamAsync(stream, context, cancellationToken).GetAwaiter().GetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            byte[] block = new byte[BlockSize];
            long total = 0;
            int got;
            while ((got = await _file.ReadAsync(block, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await stream.WriteAsync(block.AsMemory(0, got), cancellationToken).ConfigureAwait(false);
                total += got;
                _sent(total);
            }
        }
    }
}
