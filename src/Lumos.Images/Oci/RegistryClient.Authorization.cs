using System.Text;
using Lumos.Core;
using Lumos.Drivers.Fetch;

namespace Lumos.Images.Oci;

// Who we are to a registry: nobody, until it asks.
public sealed partial class RegistryClient
{
    /// <summary>Asks, and where the registry wants to know who asks, tells it and asks again.</summary>
    private T Ask<T>(Func<string?, T> call, string what)
    {
        Connect();
        string? used = _authorization;
        try
        {
            return call(used);
        }
        catch (FetchException e) when (e.Status == 401)
        {
            lock (_gate)
            {
                if (_authorization == used)
                {
                    _authorization = Authenticate(e);
                }
            }
        }
        catch (FetchException e) when (e.IsNotFound)
        {
            throw NotFound(what, e);
        }
        try
        {
            return call(_authorization);
        }
        catch (FetchException e) when (e.IsNotFound)
        {
            throw NotFound(what, e);
        }
        catch (FetchException e) when (e.Status is 401 or 403)
        {
            throw Denied(e);
        }
    }

    private LumosException NotFound(string what, FetchException e) =>
        new("ImageNotFound", $"{_reference.Registry} has no {(what == _reference.ToString() ? "image " : $"{_reference}: ")}{what}", inner: e);

    private LumosException Denied(Exception? inner) => new("AuthorizationFailed",
        $"{_reference.Registry} does not give us {_reference}: it does not exist, or it wants a name and password, which it would have in {_credentialsFile} "
        + $"(\"skopeo login --authfile {_credentialsFile} {_reference.Registry}\")", inner: inner);

    private string Authenticate(FetchException refusal)
    {
        var challenges = refusal.Challenges.SelectMany(AuthChallenge.Parse).ToList();
        string? credentials = RegistryCredentials.Find(_credentialsFile, _reference);
        if (challenges.FirstOrDefault(c => c.Scheme == "bearer") is { } bearer)
        {
            return "Bearer " + Token(bearer, credentials);
        }
        return challenges.Any(c => c.Scheme == "basic") && credentials is not null ? "Basic " + credentials : throw Denied(null);
    }

    private string Token(AuthChallenge challenge, string? credentials)
    {
        if (!Uri.TryCreate(challenge["realm"], UriKind.Absolute, out var realm))
        {
            throw new LumosException("AuthorizationFailed", $"{_reference.Registry} wants a token, and does not say from where");
        }
        if (_fence!.Fault(_home!, realm) is { } fault)
        {
            throw new LumosException("AuthorizationFailed", $"{_reference.Registry} wants a token: {fault}");
        }
        var query = new StringBuilder(realm.GetLeftPart(UriPartial.Path)).Append('?');
        if (challenge["service"] is { } service)
        {
            query.Append("service=").Append(Uri.EscapeDataString(service)).Append('&');
        }
        query.Append("scope=").Append(Uri.EscapeDataString(challenge["scope"] ?? $"repository:{_reference.Repository}:pull"));
        byte[] bytes;
        try
        {
            bytes = Connect().GetBytes(query.ToString(), MaxTokenBytes, authorization: credentials is null ? null : "Basic " + credentials);
        }
        catch (FetchException e) when (e.Status is 401 or 403)
        {
            throw Denied(e);
        }
        var json = OciJson.Object(bytes, $"the token of {realm.Host}");
        return (OciJson.Text(json["token"]) ?? OciJson.Text(json["access_token"])) is { Length: > 0 } token && token.All(c => c is > ' ' and < (char)127)
            ? token
            : throw new LumosException("AuthorizationFailed", $"{realm.Host} gave no token for {_reference}");
    }
}
