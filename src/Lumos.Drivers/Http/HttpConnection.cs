using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Lumos.Drivers.Http;

/// <summary>One client's connection: requests one after the other, each answered in full before the next is read.</summary>
internal sealed class HttpConnection(Socket client, Stream stream, string serverName, CancellationToken closing, CancellationToken aborting) : IAsyncDisposable
{
    private const int BufferSize = 64 << 10, MaxHead = 16 << 10;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(60), StallTime = TimeSpan.FromMinutes(5);

    private readonly Stream _stream = stream;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _filled;

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    public async Task Run(Func<HttpRequest, ValueTask<HttpResponse>> answer, Action<string> log)
    {
        bool more = true;
        while (more && !closing.IsCancellationRequested)
        {
            int end = await ReadHead();
            if (end == 0)
            {
                return;
            }
            HttpRequest? request = null;
            HttpResponse response;
            if (end < 0)
            {
                response = HttpResponse.Fault(431, "RequestTooLarge", "the request's head is larger than 16 KiB");
                more = false;
            }
            else
            {
                request = HttpRequest.Parse(_buffer.AsSpan(0, end), out more);
                if (request is null)
                {
                    response = HttpResponse.Fault(400, "BadRequest", "this is no HTTP/1.1 request");
                    more = false;
                }
                else if (request.Header("content-length") is not (null or "0") || request.Header("transfer-encoding") is not null)
                {
                    response = HttpResponse.Fault(413, "RequestTooLarge", "requests with a body are not taken");
                    more = false;
                }
                else
                {
                    response = await Answer(answer, request, log);
                }
                _filled -= end + 4;
                _buffer.AsSpan(end + 4, _filled).CopyTo(_buffer);
            }
            more &= !closing.IsCancellationRequested && response.Flow is null && response.Upgraded is null;
            try
            {
                log($"{client.RemoteEndPoint} {request?.Method} {request?.Path} {response.Status}");
                await Send(response, request?.Method != "HEAD", more);
            }
            finally
            {
                response.Over?.Invoke();
            }
        }
    }

    private static async ValueTask<HttpResponse> Answer(Func<HttpRequest, ValueTask<HttpResponse>> answer, HttpRequest request, Action<string> log)
    {
        try
        {
            return await answer(request);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log($"{request.Path}: {Core.LumosException.Describe(e)}");
            return HttpResponse.Fault(500, "InternalError", "the server cannot read its files");
        }
    }

    /// <summary>Reads until the empty line. The head's length without it; 0: no more requests; -1: too long.</summary>
    private async Task<int> ReadHead()
    {
        // An idle client is dropped, and at once when the server closes; one whose request has begun is heard out.
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(aborting, _filled == 0 ? closing : aborting);
        idle.CancelAfter(IdleTime);
        while (true)
        {
            int end = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8);
            if (end > 0 && end <= MaxHead)
            {
                return end;
            }
            if (end == 0 || _filled > MaxHead)
            {
                return -1;
            }
            int got = await _stream.ReadAsync(_buffer.AsMemory(_filled, BufferSize - _filled), idle.Token);
            if (got == 0)
            {
                return 0;
            }
            _filled += got;
        }
    }

    private async Task Send(HttpResponse response, bool withBody, bool keepAlive)
    {
        await using var file = response.File;
        byte[] head = Head(response, file is null ? response.Body.Length : response.Length, keepAlive);
        if (response.Upgraded is { } upgraded)
        {
            await Write(head);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(aborting, closing);
            if (_filled == 0) // who speaks another protocol before it was agreed on is no client of it
            {
                await upgraded(_stream, over.Token);
            }
        }
        else if (!withBody)
        {
            await Write(head);
        }
        else if (response.Flow is { } flow)
        {
            await Write(head);
            await Flow(flow);
        }
        else if (file is not null)
        {
            await Write(head);
            await SendFile(file, response.Offset, response.Length);
        }
        else if (head.Length + response.Body.Length <= BufferSize - _filled)
        {
            // A short answer is one packet. What is behind the head of the next request that came early stays where it is.
            var whole = _buffer.AsMemory(_filled);
            head.CopyTo(whole);
            response.Body.CopyTo(whole[head.Length..]);
            await Write(whole[..(head.Length + response.Body.Length)]);
        }
        else
        {
            await Write(head);
            await Write(response.Body);
        }
    }

    private byte[] Head(HttpResponse response, long length, bool keepAlive)
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.Status} {response.Reason}\r\n");
        foreach (var (name, value) in response.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }
        if (response.Status is not (304 or 101) && response.Flow is null)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {length}\r\n");
        }
        head.Append(CultureInfo.InvariantCulture, $"Date: {DateTime.UtcNow:R}\r\nServer: {serverName}\r\n");
        head.Append(response.Upgraded is not null ? "Connection: Upgrade\r\n\r\n" : keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
        return Encoding.Latin1.GetBytes(head.ToString());
    }

    private async Task SendFile(FileStream file, long offset, long length)
    {
        file.Position = offset;
        byte[] block = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (long left = length; left > 0;)
            {
                int got = await file.ReadAsync(block.AsMemory(0, (int)Math.Min(block.Length, left)), aborting);
                if (got == 0)
                {
                    throw new IOException("the file has become shorter"); // the client sees the connection cut
                }
                await Write(block.AsMemory(0, got));
                left -= got;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Lets a body flow until its writer ends, the client leaves, or the server closes.</summary>
    private async Task Flow(Func<HttpBody, Task> flow)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(aborting, closing);
        var leaving = WaitUntilGone(over);
        try
        {
            await flow(new HttpBody(Write, over.Token));
            client.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            await over.CancelAsync();
            await leaving;
        }
    }

    private async Task WaitUntilGone(CancellationTokenSource over)
    {
        try
        {
            while (await _stream.ReadAsync(_buffer, over.Token) > 0)
            {
                // Whatever is said now is said to nobody.
            }
            await over.CancelAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            await over.CancelAsync();
        }
    }

    private async Task Write(ReadOnlyMemory<byte> bytes)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(aborting);
        stall.CancelAfter(StallTime);
        await _stream.WriteAsync(bytes, stall.Token);
    }
}

/// <summary>A body that is written as it comes.</summary>
/// <param name="Write">Returns once the client has taken the bytes, or the kernel for it; fails when the client takes none for minutes.</param>
/// <param name="Over">The client has left, or the server closes.</param>
public sealed record HttpBody(Func<ReadOnlyMemory<byte>, Task> Write, CancellationToken Over);
