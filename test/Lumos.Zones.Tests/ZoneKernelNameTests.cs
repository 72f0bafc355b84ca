using System.Text;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneKernelNameTests
{
    [Fact]
    public void The_texts_stand_as_in_utsname()
    {
        byte[] texts = ZoneKernelName.Texts("4.4.0");
        Assert.Equal(130, texts.Length);
        Assert.StartsWith("4.4.0\0", Encoding.ASCII.GetString(texts));
        Assert.StartsWith("BrandZ virtual linux\0", Encoding.ASCII.GetString(texts, 65, 65));
    }

    [Fact]
    public void A_text_too_long_is_cut_and_ended()
    {
        byte[] texts = ZoneKernelName.Texts(new string('9', 300));
        Assert.Equal((byte)'9', texts[63]);
        Assert.Equal(0, texts[64]);
        Assert.Equal((byte)'B', texts[65]);
    }
}
