using System.Text;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Methods;

/// <summary>
/// Expands the tokens of a method's command: %r restarter, %s service, %i instance, %f FMRI, %m method, %% a percent sign, and
/// %{property}, %{group/property}: values of the running configuration, several joined by spaces (or by the character after a
/// colon: %{group/property:,}). A property that is not there expands to nothing, as in SMF; a property's characters that mean
/// something to the shell are escaped.
/// </summary>
public static class MethodTokens
{
    public static string Expand(string command, InstanceDefinition definition, string method)
    {
        var text = new StringBuilder();
        for (int i = 0; i < command.Length; i++)
        {
            if (command[i] != '%')
            {
                text.Append(command[i]);
                continue;
            }
            if (++i == command.Length)
            {
                throw Invalid(definition, command, "ends with a lone %");
            }
            switch (command[i])
            {
                case '%':
                    text.Append('%');
                    break;
                case 'r':
                    text.Append("svc.startd");
                    break;
                case 's':
                    text.Append(definition.Fmri.Service);
                    break;
                case 'i':
                    text.Append(definition.Fmri.Instance);
                    break;
                case 'f':
                    text.Append(definition.Fmri);
                    break;
                case 'm':
                    text.Append(method);
                    break;
                case '{':
                    int end = command.IndexOf('}', i);
                    if (end < 0)
                    {
                        throw Invalid(definition, command, "has a %{ without its }");
                    }
                    text.Append(ExpandProperty(command[(i + 1)..end], definition.Properties));
                    i = end;
                    break;
                default:
                    throw Invalid(definition, command, $"has the unknown token %{command[i]}");
            }
        }
        return text.ToString();
    }

    private static string ExpandProperty(string token, PropertyBag properties)
    {
        string separator = " ";
        int colon = token.IndexOf(':');
        if (colon >= 0)
        {
            separator = token[(colon + 1)..] is "" or "space" ? " " : token[(colon + 1)..];
            token = token[..colon];
        }
        int slash = token.IndexOf('/');
        string group = slash < 0 ? "application" : token[..slash];
        string name = token[(slash + 1)..];
        return properties[group]?.Properties.TryGetValue(name, out var property) == true
            ? string.Join(separator, property.Values.Select(Escape))
            : "";
    }

    private static string Escape(string value)
    {
        var text = new StringBuilder();
        foreach (char c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c < 128 && c is not ('/' or '.' or '-' or '_' or ':' or ',' or '=' or '@' or '+'))
            {
                text.Append('\\');
            }
            text.Append(c);
        }
        return text.ToString();
    }

    private static LumosException Invalid(InstanceDefinition definition, string command, string what) =>
        new("InvalidMethod", $"{definition.Fmri}: method \"{command}\" {what}");
}
