using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Imgapi.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Lumos.Imgapi.Http;

/// <summary>A request and its answer, in the words that endpoints use.</summary>
internal sealed class Call(HttpContext http, string? keyName)
{
    /// <summary>Bodies that are read as a whole: manifests and lists of accounts.</summary>
    private const int MostJsonBytes = 1 << 20;

    public HttpContext Http => http;

    public HttpRequest Request => http.Request;

    public HttpResponse Response => http.Response;

    public CancellationToken Stop => http.RequestAborted;

    public bool IsHead => HttpMethods.IsHead(http.Request.Method);

    public bool HasKey => keyName is not null;

    public Viewer Viewer => new(HasKey, Account);

    /// <summary>On whose behalf.</summary>
    public string? Account => Query("account") is not { } text ? null
        : Uuid.TryParse(text, out var uuid) ? uuid.ToString() : throw new ImgapiException("InvalidParameter", $"account={text}: it must be a UUID");

    /// <summary>A parameter's value; null: not given, or empty.</summary>
    public string? Query(string name) => http.Request.Query[name] is [.., { Length: > 0 } value] ? value : null;

    public bool QueryFlag(string name) => Query(name) switch
    {
        null or "false" or "0" => false,
        "true" or "1" => true,
        var other => throw new ImgapiException("InvalidParameter", $"{name}={other}: it must be true or false"),
    };

    /// <exception cref="ImgapiException">UnauthorizedError.</exception>
    public void RequireKey()
    {
        if (!HasKey)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            throw new ImgapiException("UnauthorizedError", "changes need a key of this server: Authorization: Bearer SECRET");
        }
    }

    /// <summary>For calls that are not made on behalf of an account.</summary>
    public void RequireOperator()
    {
        RequireKey();
        if (Account is not null)
        {
            throw new ImgapiException("OperatorOnly", "this is for operators: it is not done on behalf of an account");
        }
    }

    /// <exception cref="ImgapiException">No JSON, or too much of it.</exception>
    public async Task<JsonNode?> ReadJson()
    {
        LimitBody(MostJsonBytes);
        using var memory = new MemoryStream();
        await http.Request.Body.CopyToAsync(memory, Stop).ConfigureAwait(false);
        try
        {
            return memory.Length == 0 ? null : JsonPath.Parse(memory.GetBuffer().AsSpan(0, (int)memory.Length));
        }
        catch (JsonException e)
        {
            throw new ImgapiException("BadRequestError", "the body is no JSON", inner: e);
        }
    }

    public async Task<JsonObject> ReadObject() =>
        await ReadJson().ConfigureAwait(false) as JsonObject ?? throw new ImgapiException("BadRequestError", "the body must be a JSON object");

    public void LimitBody(long bytes)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes;
        }
    }

    public Task Answer(JsonNode json, int status = StatusCodes.Status200OK) => Answer(JsonPath.Compact(json), status);

    public Task Answer(byte[] json, int status = StatusCodes.Status200OK) => AnswerBytes(json, "application/json", status);

    public Task Answer(StoredImage image, int status = StatusCodes.Status200OK) =>
        Answer(HasKey && QueryFlag("inclAdminFields") ? image.JsonForAdministrators() : image.Json, status);

    public async Task AnswerBytes(byte[] body, string type, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (!IsHead)
        {
            await http.Response.Body.WriteAsync(body, Stop).ConfigureAwait(false);
        }
    }

    /// <summary>A file of the store: ranges, conditions and HEAD as HTTP has them.</summary>
    public Task AnswerFile(FileStream file, StoredFile about, string type)
    {
        if (Request.Headers.Range.Count == 0)
        {
            http.Response.Headers.ContentMD5 = about.Md5;
        }
        return TypedResults.Stream(file, type, entityTag: new EntityTagHeaderValue($"\"{about.Sha256}\""), enableRangeProcessing: true).ExecuteAsync(http);
    }
}
