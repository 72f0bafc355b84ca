using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Lumos.Core;

namespace Lumos.Drivers.Fetch;

/// <summary>How to fetch.</summary>
public sealed record FetchOptions
{
    /// <summary>Take any certificate.</summary>
    public bool Insecure { get; init; }

    /// <summary>To connect, and for each wait for more bytes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    public string UserAgent { get; init; } = "lumos";

    /// <summary>A secret that is sent along ("Authorization: Bearer"), never to where a redirect leads; null: none.</summary>
    public string? Bearer { get; init; }

    /// <summary>Ends what is under way, waits for a silent server among it.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>By whom; null: as http_proxy, https_proxy and no_proxy of the environment say.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>Where redirects may lead; null: anywhere, as a source that the administrator named is trusted.</summary>
    public RedirectFence? Fence { get; init; }
}

/// <summary>How a download went.</summary>
/// <param name="Length">Bytes in the file now.</param>
/// <param name="Resumed">How many of them were there before.</param>
public sealed record DownloadResult(long Length, long Resumed);

/// <summary>
/// Fetches over HTTP: small texts whole and bounded, large files into a file with resuming. Proxies come from http_proxy,
/// https_proxy and no_proxy. Redirects are followed, but never from https to http. Blocking: callers are commands.
/// A time-out is one of no progress, so that a slow link finishes and a dead one does not hold us for ever.
/// </summary>
public sealed partial class HttpFetcher : IDisposable
{
    private const int BlockSize = 128 << 10, MostRedirects = 5;

    private readonly HttpClient _client;
    private readonly FetchOptions _options;

    public HttpFetcher(FetchOptions? options = null)
    {
        _options = options ?? new FetchOptions();
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = _options.Fence is null,
            MaxAutomaticRedirections = MostRedirects,
            ConnectTimeout = _options.Timeout,
            UseCookies = false,
        };
        if (_options.Proxy is { } proxy)
        {
            handler.Proxy = proxy;
        }
        if (_options.Fence is { } fence)
        {
            handler.ConnectCallback = fence.Connect;
        }
        if (_options.Insecure)
        {
#pragma warning disable CA5359 // The user asked for it (imgadm sources -k, IMGADM_INSECURE=1).
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true };
#pragma warning restore CA5359
        }
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        if (!_client.DefaultRequestHeaders.UserAgent.TryParseAdd(_options.UserAgent))
        {
            _client.Dispose();
            throw new LumosException("InvalidUserAgent", $"\"{_options.UserAgent}\" cannot be said of us to a server: NAME/VERSION and (REMARKS) can");
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>A small body as a whole.</summary>
    /// <param name="url">What to get.</param>
    /// <param name="maxBytes">A longer body is refused.</param>
    /// <param name="accept">Media types asked for.</param>
    /// <param name="authorization">The header of that name; a server that we are sent on to does not get it.</param>
    /// <exception cref="FetchException">Not reachable, not 200, too long or cut short.</exception>
    public byte[] GetBytes(string url, int maxBytes, string accept = "application/json", string? authorization = null) => Guard(url, watch =>
    {
        using var response = Send(url, request => request.Headers.TryAddWithoutValidation("Accept", accept), authorization, watch.Token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw Refused(url, response);
        }
        using var body = response.Content.ReadAsStream(watch.Token);
        using var memory = new MemoryStream();
        Copy(url, body, memory, maxBytes, null, watch);
        if (response.Content.Headers.ContentLength is { } length && length != memory.Length)
        {
            throw new FetchException(url, "the connection was cut");
        }
        return memory.ToArray();
    });

    /// <summary>
    /// Brings a file to <paramref name="path"/>. What is there already is taken for the beginning of it, and only the
    /// rest is asked for; a server that cannot continue sends it whole, which starts the file anew. On failure the file
    /// keeps what came, for the next time. Whether the bytes are the right ones is for the caller to check.
    /// </summary>
    /// <param name="url">What to get.</param>
    /// <param name="path">Where to; made when missing, for its owner alone.</param>
    /// <param name="maxBytes">The file may not become longer.</param>
    /// <param name="progress">Called with the bytes in the file so far, at most once per block.</param>
    /// <param name="authorization">The header of that name; a server that we are sent on to does not get it.</param>
    /// <param name="announced">Called with what is still to come, where the server says it, before it comes; may refuse it by an exception.</param>
    /// <exception cref="FetchException">Not reachable, refused, too long or cut short.</exception>
    public DownloadResult Download(
        string url, string path, long maxBytes, Action<long>? progress = null, string? authorization = null, Action<long>? announced = null) => Guard(url, watch =>
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0, // what is told of is there for who reads along
        });
        if (file.Length >= maxBytes)
        {
            file.SetLength(0); // as long as it may be, yet asked for again: its bytes were wrong
        }
        long had = file.Length;
        using var response = Send(url, request => request.Headers.Range = had > 0 ? new RangeHeaderValue(had, null) : null, authorization, watch.Token);
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange?.From == had:
                file.Position = had;
                break;
            case HttpStatusCode.OK:
                had = 0;
                file.SetLength(0);
                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.PartialContent:
                // What we have is no beginning of what is there now: next time from the start.
                file.SetLength(0);
                throw new FetchException(url, "what was downloaded before does not fit what is there now", (int)response.StatusCode);
            default:
                throw Refused(url, response);
        }
        progress?.Invoke(had);
        if (response.Content.Headers.ContentLength is { } coming)
        {
            announced?.Invoke(coming);
        }
        if (had + response.Content.Headers.ContentLength > maxBytes)
        {
            throw TooLong(url, maxBytes);
        }
        using var body = response.Content.ReadAsStream(watch.Token);
        long got = Copy(url, body, file, maxBytes - had, progress is null ? null : n => progress(had + n), watch);
        if (response.Content.Headers.ContentLength is { } length && length != got)
        {
            throw new FetchException(url, "the connection was cut");
        }
        return new DownloadResult(file.Length, had);
    });

    // With a fence we follow redirects ourselves; without one HttpClient does, which takes the authorization away on the way too.
    private HttpResponseMessage Send(string url, Action<HttpRequestMessage> prepare, string? authorization, CancellationToken cancel)
    {
        var uri = Parse(url);
        for (int hops = 0; ; hops++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            prepare(request);
            if (hops == 0)
            {
                Authorize(request, authorization);
            }
            var response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (_options.Fence is not { } fence || (int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                return response;
            }
            response.Dispose();
            var next = location.IsAbsoluteUri ? location : new Uri(uri, location);
            if (fence.Fault(uri, next) is { } fault)
            {
                throw new FetchException(url, fault, (int)HttpStatusCode.Redirect);
            }
            if (hops == MostRedirects)
            {
                throw new FetchException(url, "it sends us on and on", (int)HttpStatusCode.Redirect);
            }
            uri = next;
        }
    }

    // With each request and not with the client: what follows redirects would send it on.
    private void Authorize(HttpRequestMessage request, string? authorization = null)
    {
        if ((authorization ?? (_options.Bearer is { } key ? $"Bearer {key}" : null)) is { } header)
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
        }
    }

    private long Copy(string url, Stream from, Stream to, long max, Action<long>? progress, CancellationTokenSource watch)
    {
        byte[] block = new byte[BlockSize];
        long total = 0;
        while (true)
        {
            watch.CancelAfter(_options.Timeout);
            int got;
            try
            {
                // The synchronous read takes no token; the asynchronous one does, and waiting on it here is all we do.
                got = from.ReadAsync(block, watch.Token).AsTask().GetAwaiter().GetResult();
            }
            catch (IOException)
            {
                throw new FetchException(url, "the connection was cut");
            }
            if (got == 0)
            {
                return total;
            }
            total += got;
            if (total > max)
            {
                throw TooLong(url, max);
            }
            to.Write(block, 0, got);
            progress?.Invoke(total);
        }
    }

    private T Guard<T>(string url, Func<CancellationTokenSource, T> fetch)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(_options.Stop);
        watch.CancelAfter(_options.Timeout);
        try
        {
            return fetch(watch);
        }
        catch (OperationCanceledException) when (watch.IsCancellationRequested && !_options.Stop.IsCancellationRequested) // otherwise it is the caller who has had enough
        {
            throw new FetchException(url, $"no answer within {_options.Timeout.TotalSeconds:0} s");
        }
        catch (NotSupportedException e)
        {
            throw new FetchException(url, e.Message); // a proxy of another kind
        }
        catch (HttpRequestException e)
        {
            throw new FetchException(url, Reason(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LumosException("DownloadNotWritten", $"cannot keep what comes from {url}", inner: e);
        }
    }

    private static Uri Parse(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new LumosException("InvalidUrl", $"\"{url}\" is not an http or https URL");
}
