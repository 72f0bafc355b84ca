using System.Text;
using Lumos.Core;
using Lumos.Vm.Metadata.Protocol;
using Lumos.Zones;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>Carries out a guest's request.</summary>
internal sealed class MetadataCommands(MetadataStore store, Action<ZoneName, string> complain)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Null: somebody else is changing the VM; ask again.</summary>
    internal MetadataReply? Run(ZoneName zone, MetadataLine.Request request)
    {
        try
        {
            return request switch
            {
                { Command: "GET" } => store.Get(zone, Encoding.UTF8.GetString(request.Argument)),
                { Command: "KEYS" } => store.Keys(zone),
                { Command: "PUT", Id: not null } => Put(zone, request.Argument),
                { Command: "DELETE", Id: not null } => store.Delete(zone, Encoding.UTF8.GetString(request.Argument)),
                _ => MetadataReply.Failure($"Unknown command {request.Command}"),
            };
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // One VM's damaged files must not end the service of the others.
            complain(zone, LumosException.Describe(e));
            return MetadataReply.Failure("the metadata of this VM cannot be used now; the platform's log says why");
        }
    }

    /// <summary>The argument: name and value, each in base64, a blank between them; no value removes the key.</summary>
    private MetadataReply? Put(ZoneName zone, ReadOnlySpan<byte> argument)
    {
        argument = argument.Trim(" \t\r\n"u8);
        int blank = argument.IndexOf((byte)' ');
        var name = blank < 0 ? argument : argument[..blank];
        var rest = blank < 0 ? default : argument[(blank + 1)..];
        if (name.IsEmpty || !V2Frame.TryDecode(name, out byte[] key) || !V2Frame.TryDecode(rest, out byte[] value))
        {
            return MetadataReply.Failure("Invalid PUT Request");
        }
        try
        {
            return store.Put(zone, Strict.GetString(key), Strict.GetString(value));
        }
        catch (DecoderFallbackException)
        {
            return MetadataReply.Failure("names and values are UTF-8 text: put anything else as base64");
        }
    }
}
