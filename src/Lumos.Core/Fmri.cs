using System.Diagnostics.CodeAnalysis;

namespace Lumos.Core;

/// <summary>
/// The name of a service (svc:/network/ssh) or of an instance of it (svc:/network/ssh:default).
/// </summary>
/// <param name="Service">The path without "svc:/", such as network/ssh.</param>
/// <param name="Instance">Null: the service itself.</param>
public sealed record Fmri(string Service, string? Instance)
{
    public const string DefaultInstance = "default";

    /// <summary>The last part of the path: ssh.</summary>
    public string ShortName => Service[(Service.LastIndexOf('/') + 1)..];

    /// <summary>Parses svc:/a/b[:instance] and svc://localhost/a/b[:instance]; the "svc:/" may be missing.</summary>
    public static Fmri Parse(string text) => TryParse(text, out var fmri)
        ? fmri
        : throw new LumosException("InvalidFmri", $"\"{text}\" is not a service name, such as svc:/network/ssh:default");

    /// <inheritdoc cref="Parse(string)"/>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Fmri? fmri)
    {
        fmri = null;
        string rest = Strip(text ?? "");
        string? instance = null;
        if (rest.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon)
        {
            instance = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!IsName(instance))
            {
                return false;
            }
        }
        if (rest.Length == 0 || !rest.Split('/').All(IsName))
        {
            return false;
        }
        fmri = new Fmri(rest, instance);
        return true;
    }

    public Fmri WithInstance(string instance) => this with { Instance = instance };

    public Fmri OfService => Instance is null ? this : this with { Instance = null };

    /// <summary>
    /// Whether what a user typed means this: the whole FMRI, the instance's name, the trailing parts of the service's
    /// name with or without the instance (smtp, network/smtp, smtp:sendmail, :sendmail, sendmail), or a pattern
    /// with * ? [] over the whole FMRI or a trailing part.
    /// </summary>
    public bool Matches(string typed)
    {
        if (typed.AsSpan().IndexOfAny("*?[") >= 0)
        {
            return Glob.IsMatch(typed, ToString()) || Glob.IsMatch(Strip(typed), Strip(ToString()))
                || Glob.IsMatch("*/" + Strip(typed), Service) || Glob.IsMatch(Strip(typed), Service);
        }
        bool whole = typed.StartsWith("svc:/", StringComparison.Ordinal);
        string rest = Strip(typed);
        string service = rest;
        string? instance = null;
        if (rest.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon)
        {
            service = rest[..colon];
            instance = rest[(colon + 1)..];
        }
        if (instance is not null && instance != Instance)
        {
            return false;
        }
        if (whole)
        {
            return service == Service;
        }
        return (service.Length == 0 && instance is not null)
            || service == Service
            || (service.Length > 0 && Service.EndsWith("/" + service, StringComparison.Ordinal))
            || (instance is null && service == Instance);
    }

    public override string ToString() => Instance is null ? $"svc:/{Service}" : $"svc:/{Service}:{Instance}";

    private static string Strip(string text)
    {
        const string scoped = "svc://localhost/";
        return text.StartsWith(scoped, StringComparison.Ordinal) ? text[scoped.Length..]
            : text.StartsWith("svc:/", StringComparison.Ordinal) ? text[5..]
            : text;
    }

    private static bool IsName(string part) =>
        part.Length > 0 && (char.IsAsciiLetterOrDigit(part[0]) || part[0] == '_')
        && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ',');
}
