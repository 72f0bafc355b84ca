using Lumos.Cli;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Lumos.Imgapi.Http;

/// <summary>What is the same of all requests: who asks, the answer to failures, a line in the log, the figures.</summary>
internal sealed class RequestGate(Routes routes, ApiKeys keys, Metrics metrics, JsonLog log, TimeProvider clock)
{
    public async Task Handle(HttpContext http)
    {
        long began = clock.GetTimestamp();
        string id = Guid.NewGuid().ToString("D");
        string? key = null, failure = null;
        metrics.Begin();
        var headers = http.Response.Headers;
        headers.Server = "lumos-imgapi";
        headers["Api-Version"] = Routes.InterfaceVersion;
        headers["x-request-id"] = id;
        headers["x-server-name"] = Environment.MachineName;
        headers.XContentTypeOptions = "nosniff"; // files and icons are what somebody uploaded
        try
        {
            if (http.Request.Headers.Authorization is [{ Length: > 0 } header, ..])
            {
                key = keys.NameOf(header) ?? throw new ImgapiException("UnauthorizedError", "this server has no such key");
            }
            await routes.Answer(new Call(http, key)).ConfigureAwait(false);
        }
        catch (Exception e) when (IsGone(e, http))
        {
            failure = "the client went away";
        }
        catch (Exception e)
        {
            failure = LumosException.Describe(e);
            await Refuse(http, AsFault(e)).ConfigureAwait(false);
        }
        finally
        {
            var took = clock.GetElapsedTime(began);
            metrics.End(http.Request.Method, http.Response.StatusCode, took,
                failure is null && !HttpMethods.IsHead(http.Request.Method) ? http.Response.ContentLength ?? 0 : 0, http.Request.ContentLength ?? 0);
            Log(http, id, key, failure, took);
        }
    }

    private static async Task Refuse(HttpContext http, ImgapiException fault)
    {
        if (http.Response.HasStarted)
        {
            http.Abort(); // so that what has come is not taken for the whole
            return;
        }
        http.Response.Headers.Remove("Content-MD5");
        http.Response.Headers.Remove("ETag");
        try
        {
            if (!http.Request.Body.CanRead || http.Request.ContentLength > 0)
            {
                http.Response.Headers.Connection = "close"; // the rest of a body that was refused is not read
            }
            await new Call(http, null).AnswerBytes(fault.ToJson(), "application/json", fault.Status).ConfigureAwait(false);
        }
        catch (Exception e) when (IsGone(e, http))
        {
            // Nobody is there to be told.
        }
    }

    private static ImgapiException AsFault(Exception error) => error switch
    {
        ImgapiException fault => fault,
        BadHttpRequestException { StatusCode: 413 } => new ImgapiException("RequestEntityTooLargeError", "the body is larger than this may be"),
        BadHttpRequestException bad => new ImgapiException("BadRequestError", bad.Message),
        LumosException { Code: "InvalidUrl" } e => new ImgapiException("InvalidParameter", e.Message),
        LumosException e => new ImgapiException("InternalError", e.Message, inner: e.InnerException),
        IOException or UnauthorizedAccessException => new ImgapiException("StorageIsDown", "the store cannot be read or written", inner: error),
        _ => new ImgapiException("InternalError", "the server failed; its log says how"),
    };

    private static bool IsGone(Exception error, HttpContext http) =>
        error is ConnectionResetException or ConnectionAbortedException
        || (http.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException);

    private void Log(HttpContext http, string id, string? key, string? failure, TimeSpan took)
    {
        int status = http.Response.StatusCode;
        var fields = new List<(string, string?)>
        {
            ("req_id", id),
            ("method", http.Request.Method),
            ("url", $"{http.Request.Path}{http.Request.QueryString}"),
            ("status", status.ToString()),
            ("ms", ((long)took.TotalMilliseconds).ToString()),
            ("bytes", (http.Response.ContentLength ?? 0).ToString()),
            ("remote", http.Connection.RemoteIpAddress?.ToString()),
        };
        if (key is not null)
        {
            fields.Add(("key", key));
        }
        if (failure is not null)
        {
            fields.Add(("err", failure));
        }
        log.Write(status >= 500 ? LogLevel.Error : LogLevel.Info, "request", fields);
    }
}
