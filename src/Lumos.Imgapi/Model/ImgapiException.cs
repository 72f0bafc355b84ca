using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>One field that is wrong.</summary>
/// <param name="Code">Missing, Invalid or NotAllowed.</param>
public sealed record FieldFault(string Field, string Code, string Message);

/// <summary>A request that is refused: IMGAPI's code, the HTTP status that belongs to it, a sentence.</summary>
public sealed class ImgapiException(string code, string message, IReadOnlyList<FieldFault>? errors = null, Exception? inner = null)
    : LumosException(code, message, inner: inner)
{
    public IReadOnlyList<FieldFault>? Errors { get; } = errors;

    public int Status => StatusOf(Code);

    /// <summary>IMGAPI's table of codes.</summary>
    public static int StatusOf(string code) => code switch
    {
        "BadRequestError" or "InvalidHeader" or "Upload" => 400,
        "UnauthorizedError" => 401,
        "OperatorOnly" => 403,
        "ResourceNotFound" => 404,
        "BadMethodError" => 405,
        "ImageUuidAlreadyExists" => 409,
        "RequestEntityTooLargeError" => 413,
        "ValidationFailed" or "InvalidParameter" or "ImageFilesImmutable" or "ImageAlreadyActivated" or "NoActivationNoFile" or "OriginDoesNotExist"
            or "OriginIsNotActive" or "ImageHasDependentImages" or "NotImageOwner" or "OwnerDoesNotExist" or "AccountDoesNotExist" => 422,
        "NotAvailable" => 501,
        "ServiceUnavailableError" or "StorageIsDown" or "StorageUnsupported" or "RemoteSourceError" => 503,
        _ => 500,
    };

    public static ImgapiException NotFound(string what) => new("ResourceNotFound", $"{what} is not here");

    public static ImgapiException Invalid(string field, string why, string code = "Invalid") =>
        new("ValidationFailed", $"{field} {why}", [new FieldFault(field, code, $"{field} {why}")]);

    /// <summary>All that is wrong with a manifest; each phrase begins with its field.</summary>
    public static ImgapiException InvalidManifest(IReadOnlyList<string> faults) =>
        new("ValidationFailed", $"the manifest is invalid: {string.Join("; ", faults)}",
            [.. faults.Select(f => new FieldFault(f.Split(' ', 2)[0], f.Contains(" is missing", StringComparison.Ordinal) ? "Missing" : "Invalid", f))]);

    public byte[] ToJson()
    {
        var json = new JsonObject { ["code"] = Code, ["message"] = Describe(this) };
        if (Errors is not null)
        {
            json["errors"] = new JsonArray([.. Errors.Select(e =>
                (JsonNode)new JsonObject { ["field"] = e.Field, ["code"] = e.Code, ["message"] = e.Message })]);
        }
        return JsonPath.Compact(json);
    }
}
