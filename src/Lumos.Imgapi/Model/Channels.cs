using Lumos.Core;

namespace Lumos.Imgapi.Model;

/// <summary>A set of images of its own in the same server.</summary>
public sealed record Channel(string Name, string Description, bool IsDefault);

/// <summary>The channels of a server; most have none, and then the parameter "channel" says nothing.</summary>
public sealed class Channels
{
    public static readonly Channels None = new([]);

    /// <summary>Stands for all channels.</summary>
    private const string Any = "*";

    /// <exception cref="LumosException">InvalidConfig: a name twice, two defaults, a name that would not fit into a URL.</exception>
    public Channels(IReadOnlyList<Channel> all)
    {
        foreach (var channel in all)
        {
            if (channel.Name.Length is 0 or > 64 || !channel.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                throw new LumosException("InvalidConfig", $"\"{channel.Name}\" is no name of a channel: 1 to 64 letters, digits or - _ .");
            }
        }
        if (all.Select(c => c.Name).Distinct().Count() != all.Count || all.Count(c => c.IsDefault) > 1)
        {
            throw new LumosException("InvalidConfig", "a channel is named twice, or more than one is the default");
        }
        All = all;
    }

    public IReadOnlyList<Channel> All { get; }

    public bool Exist => All.Count > 0;

    /// <summary>The channel that a request is about; null: all of them, or there are none.</summary>
    /// <exception cref="ImgapiException">There is no such channel, or none was named and there is no default.</exception>
    public string? Of(string? asked) =>
        !Exist || asked == Any ? null
        : asked is null or "" ? All.FirstOrDefault(c => c.IsDefault)?.Name ?? throw ImgapiException.Invalid("channel", $"has to be said: {Names}", "Missing")
        : Require(asked);

    public string Require(string name) =>
        All.Any(c => c.Name == name) ? name : throw ImgapiException.Invalid("channel", Exist ? $"\"{name}\" is not one of {Names}" : "is of no use: this server has no channels");

    private string Names => string.Join(", ", All.Select(c => c.Name));
}
